import { ToolError } from '../base/index.ts'

/** Where a build's result goes beside the store. `dest` is a path, or `-` for standard output. */
export type OutputSpec =
  /** An image layout: a tar, or a directory. `docker` adds the `manifest.json` that `docker load` reads. */
  | {
      readonly type: 'oci' | 'docker'
      readonly dest: string
      readonly tar: boolean
      readonly rewriteTimestamp?: true
    }
  /** The root filesystem as a tar. */
  | { readonly type: 'tar'; readonly dest: string }
  /** The root filesystem as files; `delete` makes the directory hold nothing else. */
  | { readonly type: 'local'; readonly dest: string; readonly mode: 'copy' | 'delete' }
  /** The image in the store, which is made anyway; `name` names it beside `--tag`. */
  | { readonly type: 'image'; readonly names: readonly string[]; readonly rewriteTimestamp?: true }

type OutputType = OutputSpec['type']

/** Attributes of each type, with whether they must be there. */
const attributes: Readonly<Record<OutputType, readonly string[]>> = {
  oci: ['dest', 'tar', 'rewrite-timestamp'],
  docker: ['dest', 'tar', 'rewrite-timestamp'],
  tar: ['dest'],
  local: ['dest', 'mode'],
  image: ['name', 'rewrite-timestamp'],
}

const forms = {
  oci: 'type=oci,dest=FILE, or type=oci,tar=false,dest=DIR',
  docker: 'type=docker,dest=FILE',
  tar: 'type=tar,dest=FILE, or - alone for standard output',
  local: 'type=local,dest=DIR[,mode=delete], or DIR alone',
  image: 'type=image[,name=NAME]',
} as const satisfies Readonly<Record<OutputType, string>>

/**
 * Parses `--output` as docker does: CSV of `key=value` with a `type`; a bare path means `type=local`, a bare `-`
 * `type=tar` on standard output. Throws `ToolError` `usage` that quotes the part it cannot take, `not-supported` for a
 * type of BuildKit's that is not there yet.
 */
export function parseOutput(text: string): OutputSpec {
  if (text === '-') return { type: 'tar', dest: '-' }
  if (text !== '' && !text.includes('=')) return { type: 'local', dest: text, mode: 'copy' }
  const fields = fieldsOf(text)
  const type = typeOf(text, fields.get('type'))
  for (const key of fields.keys()) {
    if (key !== 'type' && !attributes[type].includes(key)) throw usage(text, `"${key}" is no attribute of type=${type}`)
  }
  const rewrite: { rewriteTimestamp?: true } = flagOf(text, fields, 'rewrite-timestamp', false)
    ? { rewriteTimestamp: true }
    : {}
  if (type === 'image')
    return { type, ...rewrite, names: (fields.get('name') ?? '').split(',').filter((name) => name !== '') }
  const dest = fields.get('dest')
  if (dest === undefined || dest === '') throw usage(text, 'dest= is missing', type)
  if (type === 'tar') return { type, dest }
  if (type === 'local') {
    const mode = fields.get('mode') ?? 'copy'
    if (mode !== 'copy' && mode !== 'delete') throw usage(text, `mode must be copy or delete, not "${mode}"`, type)
    if (dest === '-') throw usage(text, 'files cannot go to standard output', type)
    return { type, dest, mode }
  }
  const tar = flagOf(text, fields, 'tar', true)
  if (!tar && dest === '-') throw usage(text, 'a directory cannot go to standard output', type)
  return { type, dest, tar, ...rewrite }
}

function flagOf(text: string, fields: ReadonlyMap<string, string>, name: string, otherwise: boolean): boolean {
  const value = fields.get(name) ?? String(otherwise)
  if (value !== 'true' && value !== 'false') throw usage(text, `${name} must be true or false, not "${value}"`)
  return value === 'true'
}

function typeOf(text: string, type: string | undefined): OutputType {
  if (type === undefined) throw usage(text, 'type= is missing')
  if (type === 'registry') {
    throw new ToolError('not-supported', 'output type "registry" is not supported', {
      hint: `write an archive (${forms.oci}) and push it with another tool`,
    })
  }
  if (!isType(type)) throw usage(text, `there is no output type "${type}"`)
  return type
}

function isType(type: string): type is OutputType {
  return Object.hasOwn(attributes, type)
}

/** Fields of one CSV line: a field in double quotes may hold commas, `""` inside is a quote. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)) {
    const part = (match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim()
    if (part === '') continue
    const at = part.indexOf('=')
    if (at <= 0) throw usage(text, `"${part}" is not key=value`)
    fields.set(part.slice(0, at).toLowerCase(), part.slice(at + 1))
  }
  return fields
}

function usage(text: string, why: string, type?: OutputType): ToolError {
  return new ToolError('usage', `cannot read --output "${text}": ${why}`, {
    hint: `expected ${type === undefined ? Object.values(forms).join('; ') : forms[type]}`,
  })
}
