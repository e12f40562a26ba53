import { ToolError } from '../base/index.ts'

/** What templates are filled from: plain data, fields by their exported Go name. */
export type TemplateValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly TemplateValue[]
  | { readonly [name: string]: TemplateValue }

type Piece =
  | { readonly text: string }
  | { readonly path: readonly string[]; readonly keys: readonly string[]; readonly function?: string }

const functions: Readonly<Record<string, (value: TemplateValue) => string>> = {
  json: (value) => JSON.stringify(value ?? null),
  lower: (value) => show(value).toLowerCase(),
  upper: (value) => show(value).toUpperCase(),
  println: (value) => `${show(value)}\n`,
  len: (value) => String(lengthOf(value)),
}

const hint = `a format is "json", or text with {{.Field}}, {{.Outer.Inner}}, {{index .Field KEY}} and {{json .Field}} (also ${Object.keys(functions).slice(1).join(', ')})`

/**
 * Compiles docker's `--format` templates, as far as they are field paths with `index` and one function each; `\t` and `\n` are taken
 * as Go does on its command line. Throws `ToolError` `usage` for anything else (range, if, pipelines of several).
 */
export function compileTemplate(template: string): (value: TemplateValue) => string {
  const pieces: Piece[] = []
  let rest = template.replaceAll('\\t', '\t').replaceAll('\\n', '\n')
  for (let at = rest.indexOf('{{'); at >= 0; at = rest.indexOf('{{')) {
    const end = rest.indexOf('}}', at)
    if (end < 0) throw unsupported(rest.slice(at))
    pieces.push({ text: rest.slice(0, at) }, parseAction(rest.slice(at + 2, end)))
    rest = rest.slice(end + 2)
  }
  pieces.push({ text: rest })
  return (value) => pieces.map((piece) => render(piece, value, template)).join('')
}

/** Field names that a template shows, for the heading of a table. */
export function templateFields(template: string): readonly string[] {
  return [...template.matchAll(/\{\{[^}]*?\.([A-Za-z0-9_.]+)[^}]*\}\}/g)].map((match) => match[1] ?? '')
}

/** `.A.B`, `index .A "key" 0`, each with one function before it or after a bar. */
function parseAction(action: string): Piece {
  const [first = '', ...after] = action.split('|').map((stage) => stage.trim())
  const words = first.match(/"[^"]*"|\S+/g) ?? []
  const before = words.slice(0, 1).filter((word) => Object.hasOwn(functions, word))
  const names = [...before, ...after]
  const [path = '', ...keys] = words.slice(before.length).filter((word, at) => at > 0 || word !== 'index')
  const isIndexed = words[before.length] === 'index'
  const isKnown = names.length <= 1 && names.every((name) => Object.hasOwn(functions, name))
  if (!isKnown || isIndexed !== keys.length > 0 || !/^\.([A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?$/.test(path)) {
    throw unsupported(`{{${action}}}`)
  }
  const steps = path.split('.').filter((name) => name !== '')
  const [name] = names
  const indexes = keys.map((key) => key.replace(/^"(.*)"$/, '$1'))
  return { path: steps, keys: indexes, ...(name === undefined ? {} : { function: name }) }
}

function unsupported(text: string): ToolError {
  return new ToolError('usage', `the format "${text}" is not supported`, { hint })
}

function render(piece: Piece, value: TemplateValue, template: string): string {
  if ('text' in piece) return piece.text
  let found: TemplateValue = value
  for (const name of piece.path) {
    if (!isRecord(found)) found = undefined
    else if (found === value && !Object.hasOwn(found, name)) throw noField(name, found, template)
    else found = found[name]
  }
  for (const key of piece.keys) {
    if (isRecord(found)) found = Object.hasOwn(found, key) ? found[key] : ''
    else if (isList(found)) found = found[Number(key)]
    else found = undefined
  }
  const apply = piece.function === undefined ? show : functions[piece.function]
  return (apply ?? show)(found)
}

function noField(name: string, value: { readonly [name: string]: TemplateValue }, template: string): ToolError {
  return new ToolError('usage', `the format "${template}" asks for .${name}, which there is not`, {
    hint: `there are ${Object.keys(value)
      .map((field) => `.${field}`)
      .join(', ')}`,
  })
}

function isRecord(value: TemplateValue): value is { readonly [name: string]: TemplateValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isList(value: TemplateValue): value is readonly TemplateValue[] {
  return Array.isArray(value)
}

/** A value as Go's templates print it. */
function show(value: TemplateValue): string {
  if (value === undefined) return '<no value>'
  if (value === null) return '<nil>'
  if (typeof value !== 'object') return String(value)
  if (isList(value)) return `[${value.map(show).join(' ')}]`
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${fields.map(([name, field]) => `${name}:${show(field)}`).join(' ')}]`
}

function lengthOf(value: TemplateValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (isList(value)) return value.length
  return isRecord(value) ? Object.keys(value).length : 0
}
