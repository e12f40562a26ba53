import { ToolError } from '../base/index.ts'
import { parseReference } from '../oci/index.ts'
import { csvFields } from './csv-fields.ts'
import { type LayerCompressionChoice, parseCompression } from './layer-compression.ts'

/** Where results of steps are kept for other stores. */
export type CacheAddress =
  /** Tags of a repository, beside that of `ref`. */
  { readonly type: 'registry'; readonly ref: string } | { readonly type: 'local'; readonly directory: string }

/** A cache that results are sent to. */
export interface CacheTarget {
  readonly address: CacheAddress
  /** `min`: what is in the resulting images; `max`: every step. */
  readonly mode: 'min' | 'max'
  readonly compression: LayerCompressionChoice
  /** False: a build whose results cannot be sent fails. */
  readonly ignoreError: boolean
}

type CacheType = CacheAddress['type']
type Direction = '--cache-from' | '--cache-to'

/** The attribute that says where, by direction. */
const places = {
  registry: { '--cache-from': 'ref', '--cache-to': 'ref' },
  local: { '--cache-from': 'src', '--cache-to': 'dest' },
} as const satisfies Readonly<Record<CacheType, Readonly<Record<Direction, string>>>>

const targetAttributes = [
  'mode',
  'compression',
  'compression-level',
  'force-compression',
  'oci-mediatypes',
  'image-manifest',
  'ignore-error',
]

const forms = {
  registry: { '--cache-from': 'type=registry,ref=NAME[:TAG]', '--cache-to': 'type=registry,ref=NAME[:TAG][,mode=max]' },
  local: { '--cache-from': 'type=local,src=DIR', '--cache-to': 'type=local,dest=DIR[,mode=max]' },
} as const satisfies Readonly<Record<CacheType, Readonly<Record<Direction, string>>>>

/** Parses `--cache-from` as buildx does: a bare name means `type=registry`. Throws `ToolError` `usage` that says what is expected. */
export function parseCacheSource(text: string): CacheAddress {
  return parseAddress(text, '--cache-from').address
}

/** Parses `--cache-to`; as `parseCacheSource`. */
export function parseCacheTarget(text: string): CacheTarget {
  const { address, fields } = parseAddress(text, '--cache-to')
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

interface ParsedAddress {
  readonly address: CacheAddress
  readonly fields: ReadonlyMap<string, string>
}

function parseAddress(text: string, flag: Direction): ParsedAddress {
  if (text !== '' && !text.includes('=')) return { address: registryAddress(text), fields: new Map() }
  const fields = csvFields(text, (part) => usage(text, flag, `"${part}" is not key=value`))
  const type = typeOf(text, flag, fields.get('type'))
  const placeKey = places[type][flag]
  const known = ['type', placeKey, ...(flag === '--cache-to' ? targetAttributes : [])]
  for (const key of fields.keys())
    if (!known.includes(key)) throw usage(text, flag, `"${key}" is no attribute of type=${type}`, type)
  const place = fields.get(placeKey)
  if (place === undefined || place === '') throw usage(text, flag, `${placeKey}= is missing`, type)
  return { address: type === 'registry' ? registryAddress(place) : { type, directory: place }, fields }
}

function registryAddress(ref: string): CacheAddress {
  // Refused now, not when something is sent.
  parseReference(ref)
  return { type: 'registry', ref }
}

function typeOf(text: string, flag: Direction, type: string | undefined): CacheType {
  if (type === undefined) throw usage(text, flag, 'type= is missing')
  if (Object.hasOwn(places, type)) for (const known of ['registry', 'local'] as const) if (known === type) return known
  throw usage(text, flag, `there is no cache type "${type.slice(0, 40)}"`)
}

function usage(text: string, flag: Direction, why: string, type?: CacheType): ToolError {
  const expected = type === undefined ? Object.values(forms).map((form) => form[flag]) : [forms[type][flag]]
  return new ToolError('usage', `cannot read ${flag} "${text}": ${why}`, { hint: `expected ${expected.join('; ')}` })
}
