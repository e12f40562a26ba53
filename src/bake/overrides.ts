import { nearest, ToolError } from '../base/index.ts'
import { type Place, Problem } from './problem.ts'
import {
  type BakeTarget,
  type EntryField,
  entryFields,
  type Field,
  type FlagField,
  flagFields,
  type ListField,
  listFields,
  type MapField,
  mapFields,
  type TextField,
  textFields,
} from './target.ts'
import { parseEntry } from './target-entry.ts'

/** One `--set TARGET.KEY=VALUE`. */
interface Override {
  readonly text: string
  /** Matches names of targets; may hold `*`, `?` and classes. */
  readonly pattern: string
  readonly field: Field
  /** Of `args.NAME` and the like. */
  readonly key?: string
  readonly value: string
  /** `+=`: adds to what is there. */
  readonly adds: boolean
}

/** What `--set` asks for. */
export interface Overrides {
  /** A target with what is set for it. Throws `ToolError` `usage` for a value of the wrong kind. */
  apply(target: BakeTarget): BakeTarget
}

/** Names that are not those of the fields. */
const otherNames: Readonly<Record<string, Field>> = {
  platform: 'platforms',
  secrets: 'secret',
  outputs: 'output',
  tag: 'tags',
  label: 'labels',
  arg: 'args',
}
const settable: readonly Field[] = [...textFields, ...flagFields, ...listFields, ...mapFields, ...entryFields].filter(
  (field) => field !== 'inherits' && field !== 'description',
)

/**
 * Reads `--set` values for targets of the names given. `environment` gives the value of an argument that is named alone. Throws
 * `ToolError` `usage`.
 */
export function parseOverrides(
  texts: readonly string[],
  names: readonly string[],
  environment: (name: string) => string | undefined,
): Overrides {
  const overrides = texts.flatMap((text) => parseOverride(text, names, environment))
  return {
    apply(target) {
      const own = overrides.filter(({ pattern }) => matches(pattern, target.name))
      return own.length === 0 ? target : applyAll(target, own)
    },
  }
}

function parseOverride(
  text: string,
  names: readonly string[],
  environment: (name: string) => string | undefined,
): readonly Override[] {
  const [, left = text, plus = '', given] = /^([^=]*?)(\+?)(?:=(.*))?$/s.exec(text) ?? []
  const [pattern = '', name, ...rest] = left.split('.')
  const hint =
    'write --set TARGET.KEY=VALUE: --set app.args.VERSION=1, --set *.platform=linux/arm64, --set app.tags+=app:2'
  if (name === undefined) throw new ToolError('usage', `--set ${text}: it names no key of a target`, { hint })
  const field = otherNames[name] ?? settable.find((one) => one === name)
  if (field === undefined) {
    const near = nearest(name, [...settable, ...Object.keys(otherNames)])
    const known = `there are ${settable.join(', ')}`
    throw new ToolError('usage', `--set ${text}: a target has no key "${name}"`, {
      hint: near === undefined ? known : `did you mean ${near}?`,
    })
  }
  if (!names.some((one) => matches(pattern, one))) {
    const near = nearest(pattern, names)
    throw new ToolError('usage', `--set ${text}: no target matches "${pattern}"`, {
      hint: near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`,
    })
  }
  const isMap = mapFields.some((one) => one === field)
  const key = rest.join('.')
  if (isMap !== (key !== '')) {
    const message = isMap ? `${name} needs a name, as in ${name}.NAME=VALUE` : `${name} has no parts`
    throw new ToolError('usage', `--set ${text}: ${message}`, { hint })
  }
  const value = given ?? (field === 'args' ? environment(key) : undefined)
  // As with --build-arg: a name alone that the environment does not have says nothing.
  if (value === undefined && field === 'args') return []
  if (value === undefined) throw new ToolError('usage', `--set ${text}: it gives no value`, { hint })
  return [{ text, pattern, field, value, adds: plus === '+', ...(key === '' ? {} : { key }) }]
}

/** Go's `path.Match` on a name: `*`, `?`, `[a-z]`. */
function matches(pattern: string, name: string): boolean {
  if (!/[*?[\\]/.test(pattern)) return pattern === name
  const source = pattern.replace(
    /\[(\^?)((?:\\.|[^\]])+)\]|\\(.)|[\s\S]/g,
    (part, not?: string, set?: string, escaped?: string) => {
      if (set !== undefined) return `[${not ?? ''}${set}]`
      if (part === '*') return '.*'
      return part === '?' ? '.' : (escaped ?? part).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    },
  )
  return new RegExp(`^${source}$`, 's').test(name)
}

/** Lists that are set several times hold all of the values. */
function applyAll(target: BakeTarget, overrides: readonly Override[]): BakeTarget {
  const [texts, flags, lists] = [new Map(target.texts), new Map(target.flags), new Map(target.lists)]
  const [maps, entries] = [new Map(target.maps), new Map(target.entries)]
  const begun = new Set<Field>()
  for (const override of overrides) {
    const { field, value, key = '', adds } = override
    const place = { file: `--set ${override.text}`, span: { start: 0, end: 0 } }
    const from = <T>(list: readonly T[] | undefined): readonly T[] => (adds || begun.has(field) ? (list ?? []) : [])
    const [text, flag, list, map, entry] = kinds(field)
    if (text !== undefined) texts.set(text, value)
    if (flag !== undefined) flags.set(flag, flagValue(override))
    if (list !== undefined) lists.set(list, [...from(lists.get(list)), ...listValues(list, value)])
    if (map !== undefined) maps.set(map, new Map([...(maps.get(map) ?? []), [key, value]]))
    if (entry !== undefined) entries.set(entry, [...from(entries.get(entry)), entryValue(entry, value, place)])
    begun.add(field)
  }
  return { ...target, texts, flags, lists, maps, entries }
}

function kinds(field: Field) {
  const text: TextField | undefined = textFields.find((one) => one === field)
  const flag: FlagField | undefined = flagFields.find((one) => one === field)
  const list: ListField | undefined = listFields.find((one) => one === field)
  const map: MapField | undefined = mapFields.find((one) => one === field)
  const entry: EntryField | undefined = entryFields.find((one) => one === field)
  return [text, flag, list, map, entry] as const
}

function listValues(field: ListField, value: string): readonly string[] {
  return field === 'platforms' || field === 'no-cache-filter' ? value.split(',') : [value]
}

function flagValue({ text, value }: Override): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false
  throw new ToolError('usage', `--set ${text}: "${value}" is no bool`, { hint: 'write true or false' })
}

function entryValue(field: EntryField, value: string, place: Place) {
  try {
    return parseEntry(field, value, place)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { message, hint } = error.diagnostic
    throw new ToolError('usage', `${place.file}: ${message}`, hint === undefined ? {} : { hint })
  }
}
