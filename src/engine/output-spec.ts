import { ToolError } from '../base/index.ts'

/** Where a build's result goes beside the store. */
export interface OutputSpec {
  readonly type: 'oci'
  readonly dest: string
  /** A tar of the layout, or the layout as a directory. */
  readonly tar: boolean
}

const knownTypes = ['oci', 'docker', 'image', 'local', 'registry', 'tar']

/**
 * Parses `--output`: `type=oci,dest=PATH[,tar=false]`. Throws `ToolError` `usage` that quotes the part it cannot take,
 * `not-supported` for a type of BuildKit's that is not there yet.
 */
export function parseOutput(text: string): OutputSpec {
  const fields = new Map<string, string>()
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    if (at <= 0) throw usage(text, `"${part}" is not key=value`)
    fields.set(part.slice(0, at), part.slice(at + 1))
  }
  const type = fields.get('type')
  if (type === undefined) throw usage(text, 'type= is missing')
  if (type !== 'oci') {
    if (!knownTypes.includes(type)) throw usage(text, `there is no output type "${type}"`)
    throw new ToolError('not-supported', `output type "${type}" is not supported yet`, {
      hint: 'supported: type=oci,dest=PATH[,tar=false]',
    })
  }
  const dest = fields.get('dest')
  if (dest === undefined || dest === '') throw usage(text, 'dest= is missing')
  const tar = fields.get('tar') ?? 'true'
  if (tar !== 'true' && tar !== 'false') throw usage(text, `tar must be true or false, not "${tar}"`)
  for (const key of fields.keys()) {
    if (!['type', 'dest', 'tar'].includes(key)) throw usage(text, `"${key}" is not an attribute of type=oci`)
  }
  return { type, dest, tar: tar === 'true' }
}

function usage(text: string, why: string): ToolError {
  return new ToolError('usage', `cannot read --output "${text}": ${why}`, {
    hint: 'expected type=oci,dest=PATH[,tar=false]',
  })
}
