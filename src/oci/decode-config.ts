import { compareCodeUnits, type DiffId, parseDiffId } from '../base/index.ts'
import {
  count,
  type Decoder,
  decodeJson,
  digest,
  type Fields,
  fieldsOf,
  flag,
  integer,
  invalidDocument,
  listOf,
  mapOf,
  text,
} from './decoder.ts'
import { present } from './present.ts'
import type { ContainerConfig, Healthcheck, HistoryEntry, ImageConfig } from './types.ts'

/**
 * Decodes an image config (OCI image-spec config.md, with docker's additions) from its stored bytes. Empty strings,
 * lists and maps count as unset, `null` is read as absent, fields unknown to us are left out. Throws `ToolError`
 * `invalid-document`.
 */
export function decodeConfig(bytes: Uint8Array): ImageConfig {
  return decodeJson(bytes, 'image config', (value, place) => {
    const fields = fieldsOf(value, place)
    const architecture = fields.required('architecture', text)
    if (architecture === '') throw invalidDocument({ ...place, path: '$.architecture' }, 'is empty')
    return present({
      platform: present({
        // Docker reads a missing operating system as its own.
        os: fields.optional('os', text) || 'linux',
        architecture,
        variant: words(fields, 'variant'),
        osVersion: words(fields, 'os.version'),
      }),
      created: words(fields, 'created'),
      author: words(fields, 'author'),
      config: fields.optional('config', containerConfig) ?? {},
      diffIds: fields.required('rootfs', rootfs),
      history: fields.optional('history', listOf(historyEntry)) ?? [],
    })
  })
}

const diffId: Decoder<DiffId> = (value, place) => parseDiffId(digest(value, place))

const rootfs: Decoder<readonly DiffId[]> = (value, place) => {
  const fields = fieldsOf(value, place)
  const type = fields.required('type', text)
  if (type !== 'layers') {
    throw invalidDocument({ ...place, path: `${place.path}.type` }, `is "${type.slice(0, 80)}", expected "layers"`)
  }
  return fields.optional('diff_ids', listOf(diffId)) ?? []
}

const historyEntry: Decoder<HistoryEntry> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    created: words(fields, 'created'),
    createdBy: words(fields, 'created_by'),
    author: words(fields, 'author'),
    comment: words(fields, 'comment'),
    emptyLayer: fields.optional('empty_layer', flag) || undefined,
  })
}

const containerConfig: Decoder<ContainerConfig> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    user: words(fields, 'User'),
    exposedPorts: keys(fields, 'ExposedPorts'),
    env: nonEmpty(fields.optional('Env', listOf(text))?.filter(isVariable)),
    entrypoint: list(fields, 'Entrypoint'),
    cmd: list(fields, 'Cmd'),
    volumes: keys(fields, 'Volumes'),
    workingDir: words(fields, 'WorkingDir'),
    labels: map(fields, 'Labels'),
    stopSignal: words(fields, 'StopSignal'),
    shell: list(fields, 'Shell'),
    healthcheck: fields.optional('Healthcheck', healthcheck),
    onBuild: list(fields, 'OnBuild'),
    argsEscaped: fields.optional('ArgsEscaped', flag) || undefined,
  })
}

const healthcheck: Decoder<Healthcheck> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    test: fields.optional('Test', listOf(text)) ?? [],
    interval: fields.optional('Interval', integer) || undefined,
    timeout: fields.optional('Timeout', integer) || undefined,
    startPeriod: fields.optional('StartPeriod', integer) || undefined,
    startInterval: fields.optional('StartInterval', integer) || undefined,
    retries: fields.optional('Retries', count) || undefined,
  })
}

/** An entry without a name and `=` must never be looked up in the host's environment: it is dropped (security 41). */
function isVariable(entry: string): boolean {
  return entry.indexOf('=') > 0 && !entry.includes('\0')
}

function words(fields: Fields, key: string): string | undefined {
  return fields.optional(key, text) || undefined
}

function list(fields: Fields, key: string): readonly string[] | undefined {
  return nonEmpty(fields.optional(key, listOf(text)))
}

function map(fields: Fields, key: string): Readonly<Record<string, string>> | undefined {
  const found = fields.optional(key, mapOf(text))
  return found === undefined || Object.keys(found).length === 0 ? undefined : found
}

/** A Go set: an object whose keys count. Its values are empty objects or null and carry nothing. */
function keys(fields: Fields, key: string): readonly string[] | undefined {
  const found = fields.optional(
    key,
    mapOf(() => true),
  )
  return found === undefined ? undefined : nonEmpty(Object.keys(found).sort(compareCodeUnits))
}

function nonEmpty<T>(items: readonly T[] | undefined): readonly T[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items
}
