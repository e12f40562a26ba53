import { ToolError } from '../base/index.ts'
import { type CacheAddress, type CacheAttribute, type CacheType, cacheTypes, type Direction } from './cache-address.ts'
import { csvFields } from './csv-fields.ts'
import { type LayerCompressionChoice, parseCompression } from './layer-compression.ts'

/** A cache that results are sent to. */
export interface CacheTarget {
  /** `inline`: into the image itself, where it is pushed. */
  readonly address: CacheAddress | { readonly type: 'inline' }
  /** `min`: what is in the resulting images; `max`: every step. */
  readonly mode: 'min' | 'max'
  readonly compression: LayerCompressionChoice
  /** False: a build whose results cannot be sent fails. */
  readonly ignoreError: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

const targetAttributes = [
  'mode',
  'compression',
  'compression-level',
  'force-compression',
  'oci-mediatypes',
  'image-manifest',
  'ignore-error',
]

/** Parses `--cache-from` as buildx does: a bare name means `type=registry`. Throws `ToolError` `usage` that says what is expected. */
export function parseCacheSource(text: string, env: Environment): CacheAddress {
  return parseAddress(text, '--cache-from', env).address
}

/** Parses `--cache-to`; as `parseCacheSource`. */
export function parseCacheTarget(text: string, env: Environment): CacheTarget {
  if (text === 'type=inline' || text === 'inline') return inlineTarget
  const { address, fields } = parseAddress(text, '--cache-to', env)
  const flag = (key: string, absent: boolean): boolean => {
    const value = fields.get(key)
    if (value === undefined) return absent
    if (value === 'true' || value === 'false') return value === 'true'
    throw usage(text, '--cache-to', `${key} must be true or false, not "${value}"`, address.type)
  }
  const mode = fields.get('mode') ?? 'min'
  if (mode !== 'min' && mode !== 'max')
    throw usage(text, '--cache-to', `mode must be min or max, not "${mode}"`, address.type)
  for (const key of ['oci-mediatypes', 'image-manifest']) {
    if (!flag(key, true))
      throw usage(text, '--cache-to', `${key}=false is not supported: entries are OCI manifests`, address.type)
  }
  const force = flag('force-compression', false)
  const compression = parseCompression(fields.get('compression'), fields.get('compression-level'), force)
  return { address, mode, compression, ignoreError: flag('ignore-error', true) }
}

/** `type=inline`: its layers are the image's, so it has no attributes. */
export const inlineTarget: CacheTarget = {
  address: { type: 'inline' },
  mode: 'min',
  compression: { method: 'gzip', force: false },
  ignoreError: true,
}

interface ParsedAddress {
  readonly address: CacheAddress
  readonly fields: ReadonlyMap<string, string>
}

function parseAddress(text: string, flag: Direction, env: Environment): ParsedAddress {
  const fields =
    text !== '' && !text.includes('=')
      ? new Map([['ref', text]])
      : csvFields(text, (part) => usage(text, flag, `"${part}" is not key=value`))
  const type =
    fields.has('type') || text === '' || text.includes('=') ? typeOf(text, flag, fields.get('type')) : 'registry'
  const { attributes, make } = cacheTypes[type]
  const own: readonly CacheAttribute[] = attributes
  const usable = own.filter((attribute) => attribute.only === undefined || attribute.only === flag)
  const known = ['type', 'mounts', ...usable.map(({ key }) => key), ...(flag === '--cache-to' ? targetAttributes : [])]
  for (const key of fields.keys())
    if (!known.includes(key)) throw usage(text, flag, `"${key}" is no attribute of type=${type}`, type)
  const value = (key: string): string | undefined => {
    const attribute = usable.find((one) => one.key === key)
    const given = fields.get(key) || attribute?.env?.map((name) => env[name]).find((found) => found)
    if (given || attribute?.isRequired !== true) return given || undefined
    const variables = attribute.env === undefined ? '' : `, and ${attribute.env.join(' or ')} is not set`
    throw usage(text, flag, `${key}= is missing${variables}`, type)
  }
  for (const { key } of usable) value(key)
  const address = make(value, (why) => usage(text, flag, why, type))
  const mounts = fields.get('mounts') ?? 'false'
  if (mounts === 'false') return { address, fields }
  if (mounts !== 'true') throw usage(text, flag, `mounts must be true or false, not "${mounts}"`, type)
  if (type === 'gha')
    throw usage(text, flag, "GitHub's cache changes no entry, and that of a mount has to change", type)
  return { address: { ...address, mounts: true }, fields }
}

function typeOf(text: string, flag: Direction, type: string | undefined): CacheType {
  if (type === undefined) throw usage(text, flag, 'type= is missing')
  if (isCacheType(type)) return type
  if (type === 'inline') {
    const why = flag === '--cache-to' ? 'type=inline has no attributes' : 'an inline cache is in an image'
    throw new ToolError('usage', `cannot read ${flag} "${text}": ${why}`, {
      hint: flag === '--cache-to' ? 'write type=inline alone' : 'name the image: --cache-from NAME[:TAG]',
    })
  }
  throw usage(text, flag, `there is no cache type "${type.slice(0, 40)}"`)
}

/** Whether there are caches of a type. */
export function isCacheType(type: string): type is CacheType {
  return Object.hasOwn(cacheTypes, type)
}

function usage(text: string, flag: Direction, why: string, type?: CacheType): ToolError {
  const expected = (type === undefined ? Object.values(cacheTypes) : [cacheTypes[type]]).map((one) => one.forms[flag])
  if (type === undefined && flag === '--cache-to') expected.push('type=inline')
  return new ToolError('usage', `cannot read ${flag} "${withoutSecrets(text)}": ${why}`, {
    hint: `expected ${expected.join('; ')}`,
  })
}

/** Keys and tokens are not repeated. */
function withoutSecrets(text: string): string {
  return text.replace(/((?:secret_access_key|session_token|token)=)[^,]*/gi, '$1***')
}
