import { type Canonical, compareCodeUnits } from '../base/index.ts'
import type { KeyWithComponents } from './key.ts'

type Components = KeyWithComponents['components']

/** One way in which two keys of a step differ. `before` is the remembered key, `after` the one looked up. */
export type KeyDifference =
  /** A variable of the environment, absent where undefined. */
  | { readonly kind: 'variable'; readonly name: string; readonly before?: string; readonly after?: string }
  /** The files a COPY or ADD takes, by content digest. */
  | { readonly kind: 'files'; readonly before: string; readonly after: string }
  /** The files a mount of RUN shows, by content digest; `mount` is its position among mounts with files. */
  | { readonly kind: 'mount-files'; readonly mount: number; readonly before: string; readonly after: string }
  /** The root filesystem: `layer` is the first that differs, from 0, bottom first. */
  | { readonly kind: 'rootfs'; readonly layer: number }
  /** Any other part, as it reads. */
  | { readonly kind: 'part'; readonly name: string; readonly before: string; readonly after: string }

/**
 * Names what differs between two keys of one step, what the instruction itself says first, then its files, then the
 * root filesystem it starts from. Empty for equal keys.
 */
export function compareKeys(before: Components, after: Components): readonly KeyDifference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .sort((a, b) => rank(a) - rank(b) || compareCodeUnits(a, b))
    .flatMap((name) => compareComponent(name, before[name] ?? null, after[name] ?? null))
}

const lastParts = ['files', 'mount-files', 'rootfs']

function rank(name: string): number {
  return lastParts.indexOf(name)
}

function compareComponent(name: string, before: Canonical, after: Canonical): readonly KeyDifference[] {
  const [was, is] = [JSON.stringify(before), JSON.stringify(after)]
  if (was === is) return []
  if (name === 'env' && isTexts(before) && isTexts(after)) return compareVariables(before, after)
  if (name === 'rootfs' && isTexts(before) && isTexts(after)) {
    const layer = after.findIndex((digest, index) => digest !== before[index])
    return [{ kind: 'rootfs', layer: layer < 0 ? after.length : layer }]
  }
  if (name === 'files' && typeof before === 'string' && typeof after === 'string') {
    return [{ kind: 'files', before, after }]
  }
  if (name === 'mount-files' && isTexts(before) && isTexts(after) && before.length === after.length)
    return compareMountFiles(before, after)
  if (name === 'inline' || name === 'mounts') return compareEntries(name, before, after)
  return [{ kind: 'part', name, before: partText(before), after: partText(after) }]
}

function compareMountFiles(before: readonly string[], after: readonly string[]): readonly KeyDifference[] {
  return after.flatMap((digest, mount) => {
    const was = before[mount] ?? ''
    return was === digest ? [] : [{ kind: 'mount-files', mount, before: was, after: digest } as const]
  })
}

/** Heredocs by name, mounts by target: those that are not the same in both. */
function compareEntries(name: 'inline' | 'mounts', before: Canonical, after: Canonical): readonly KeyDifference[] {
  const [was, is] = [entriesByName(before), entriesByName(after)]
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter((key) => was.get(key) !== is.get(key))
  if (changed.length === 0) return [{ kind: 'part', name, before: partText(before), after: partText(after) }]
  const what = name === 'inline' ? 'heredoc' : 'mount'
  return changed.map((key) => ({
    kind: 'part',
    name: `${what} ${key}`,
    before: was.get(key) ?? 'none',
    after: is.get(key) ?? 'none',
  }))
}

function entriesByName(value: Canonical): ReadonlyMap<string, string> {
  const entries = Array.isArray(value) ? value : []
  return new Map(
    entries.map((entry: Canonical) => {
      const fields: Readonly<Record<string, unknown>> = typeof entry === 'object' && entry !== null ? { ...entry } : {}
      const { content, kind: type, ...rest } = fields
      const options = Object.entries({ type, ...rest }).filter(
        ([, field]) => field !== undefined && field !== null && field !== false,
      )
      const text = options.map(([option, field]) => (field === true ? option : `${option}=${String(field)}`)).join(',')
      const key = fields['target'] ?? fields['name'] ?? fields['id'] ?? ''
      return [String(key), typeof content === 'string' ? content : text] as const
    }),
  )
}

function compareVariables(before: readonly string[], after: readonly string[]): readonly KeyDifference[] {
  const [was, is] = [variables(before), variables(after)]
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name))
  // The same variables in another order are another environment too.
  if (changed.length === 0)
    return [{ kind: 'part', name: 'order of variables', before: before.join(' '), after: after.join(' ') }]
  return changed.map((name) => {
    const [old, now] = [was.get(name), is.get(name)]
    return {
      kind: 'variable',
      name,
      ...(old === undefined ? {} : { before: old }),
      ...(now === undefined ? {} : { after: now }),
    }
  })
}

function variables(env: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    env.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function isTexts(value: Canonical): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function partText(value: Canonical): string {
  if (value === null) return 'none'
  if (isTexts(value)) return value.join(' ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
