import { ToolError } from '../base/index.ts'
import { csvFields } from './csv-fields.ts'
import type { ImageForm } from './image-parts.ts'
import { type LayerCompressionChoice, parseCompression } from './layer-compression.ts'

/** Where a build's result goes beside the store. `dest` is a path, or `-` for standard output. */
export type OutputSpec =
  /** An image layout: a tar, or a directory. `docker` adds the `manifest.json` that `docker load` reads. */
  | {
      readonly type: 'oci' | 'docker'
      readonly dest: string
      readonly tar: boolean
      readonly compression: LayerCompressionChoice
      readonly rewriteTimestamp?: true
    }
  /** The root filesystem as a tar. */
  | { readonly type: 'tar'; readonly dest: string }
  /** The root filesystem as files; `delete` makes the directory hold nothing else. */
  | { readonly type: 'local'; readonly dest: string; readonly mode: 'copy' | 'delete' }
  /** The image in the store, which is made anyway; `name` names it beside `--tag`. */
  | { readonly type: 'image'; readonly names: readonly string[]; readonly rewriteTimestamp?: true }
  /** The image in the store, and in the registries of all its names. */
  | {
      readonly type: 'registry'
      readonly names: readonly string[]
      readonly form: ImageForm
      readonly rewriteTimestamp?: true
    }

type OutputType = OutputSpec['type']

const layerAttributes = ['rewrite-timestamp', 'compression', 'compression-level', 'force-compression'] as const

/** Attributes of each type, with whether they must be there. */
const attributes: Readonly<Record<OutputType, readonly string[]>> = {
  oci: ['dest', 'tar', ...layerAttributes],
  docker: ['dest', 'tar', ...layerAttributes],
  tar: ['dest'],
  local: ['dest', 'mode'],
  image: ['name', 'push', 'oci-mediatypes', ...layerAttributes],
  registry: ['name', 'push', 'oci-mediatypes', ...layerAttributes],
}

const forms = {
  oci: 'type=oci,dest=FILE, or type=oci,tar=false,dest=DIR',
  docker: 'type=docker,dest=FILE',
  tar: 'type=tar,dest=FILE, or - alone for standard output',
  local: 'type=local,dest=DIR[,mode=delete], or DIR alone',
  image: 'type=image[,name=NAME][,push=true]',
  registry:
    'type=registry[,name=NAME][,compression=gzip|zstd|uncompressed][,compression-level=N][,force-compression=true]',
} as const satisfies Readonly<Record<OutputType, string>>

/**
 * Parses `--output` as docker does: CSV of `key=value` with a `type`; a bare path means `type=local`, a bare `-`
 * `type=tar` on standard output. Throws `ToolError` `usage` that quotes the part it cannot take.
 */
export function parseOutput(text: string): OutputSpec {
  if (text === '-') return { type: 'tar', dest: '-' }
  if (text !== '' && !text.includes('=')) return { type: 'local', dest: text, mode: 'copy' }
  const fields = fieldsOf(text)
  const type = typeOf(text, fields.get('type'))
  for (const key of fields.keys()) {
    if (mayBeAnnotated(type) && annotationKey.test(key)) continue
    if (key !== 'type' && !attributes[type].includes(key)) throw usage(text, `"${key}" is no attribute of type=${type}`)
  }
  const isTrue = (key: string, absent: boolean): boolean => flagOf(text, type, fields.get(key), key, absent)
  const rewrite: { rewriteTimestamp?: true } = isTrue('rewrite-timestamp', false) ? { rewriteTimestamp: true } : {}
  const force = isTrue('force-compression', false)
  const compression = parseCompression(fields.get('compression'), fields.get('compression-level'), force)
  if (type === 'image' || type === 'registry') {
    const names = (fields.get('name') ?? '').split(',').filter((name) => name !== '')
    if (!isTrue('push', type === 'registry')) return { type: 'image', names, ...rewrite }
    const format = fields.has('oci-mediatypes')
      ? ({ format: isTrue('oci-mediatypes', true) ? 'oci' : 'docker' } as const)
      : {}
    return { type: 'registry', names, form: { compression, ...format }, ...rewrite }
  }
  const dest = fields.get('dest')
  if (dest === undefined || dest === '') throw usage(text, 'dest= is missing', type)
  if (type === 'tar') return { type, dest }
  if (type === 'local') {
    const mode = fields.get('mode') ?? 'copy'
    if (mode !== 'copy' && mode !== 'delete') throw usage(text, `mode must be copy or delete, not "${mode}"`, type)
    if (dest === '-') throw usage(text, 'files cannot go to standard output', type)
    return { type, dest, mode }
  }
  const tar = isTrue('tar', true)
  if (!tar && dest === '-') throw usage(text, 'a directory cannot go to standard output', type)
  return { type, dest, tar, compression, ...rewrite }
}

const annotationKey = /^annotation(?:-(manifest|index))?\.(?=.)/

function mayBeAnnotated(type: OutputType): boolean {
  return type !== 'local' && type !== 'tar'
}

/**
 * The annotations that a text of `--output` asks for (`annotation.KEY=VALUE`, `annotation-index.KEY=VALUE`), each as `--annotation`
 * has it. They are the image's, so all outputs of the build get them. Throws as `parseOutput`.
 */
export function outputAnnotations(text: string): readonly string[] {
  if (!text.includes('=')) return []
  return [...fieldsOf(text)].flatMap(([key, value]) => {
    const [prefix, type = 'manifest'] = annotationKey.exec(key) ?? []
    return prefix === undefined ? [] : [`${type}:${key.slice(prefix.length)}=${value}`]
  })
}

function flagOf(text: string, type: OutputType, value: string | undefined, key: string, absent: boolean): boolean {
  if (value === undefined) return absent
  if (value === 'true' || value === 'false') return value === 'true'
  throw usage(text, `${key} must be true or false, not "${value}"`, type)
}

function typeOf(text: string, type: string | undefined): OutputType {
  if (type === undefined) throw usage(text, 'type= is missing')
  if (!isType(type)) throw usage(text, `there is no output type "${type}"`)
  return type
}

function isType(type: string): type is OutputType {
  return Object.hasOwn(attributes, type)
}

/** Names of annotations keep their case. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const refuse = (part: string): ToolError => usage(text, `"${part}" is not key=value`)
  return csvFields(text, refuse, (key) => annotationKey.test(key))
}

function usage(text: string, why: string, type?: OutputType): ToolError {
  return new ToolError('usage', `cannot read --output "${text}": ${why}`, {
    hint: `expected ${type === undefined ? Object.values(forms).join('; ') : forms[type]}`,
  })
}

/** Throws `ToolError` `usage` when an image that is to be pushed has no name to push it to. */
export function requireNames(outputs: readonly OutputSpec[], names: readonly string[]): void {
  if (names.length > 0 || !outputs.some((output) => output.type === 'registry')) return
  throw new ToolError('usage', 'the image is to be pushed, but has no name that says where to', {
    hint: 'name it: --tag REGISTRY/NAME:TAG',
  })
}

/** Throws `ToolError` `not-supported` for an output that holds one root filesystem, when there are several images. */
export function requireSingleTree(outputs: readonly OutputSpec[], platforms: readonly unknown[]): void {
  if (platforms.length < 2 || !outputs.some((output) => output.type === 'tar')) return
  throw new ToolError('not-supported', 'type=tar holds one root filesystem, but there are several platforms', {
    hint: 'type=local writes a directory for each, type=oci an archive of all; or build one platform at a time',
  })
}
