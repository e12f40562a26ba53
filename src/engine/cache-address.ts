import { parseReference } from '../oci/index.ts'
import type { GhaAddress } from '../remote-cache/gha-place.ts'
import type { S3Address } from '../remote-cache/s3-place.ts'

/** Where results of steps are kept for other stores. */
export type CacheAddress =
  /** Tags of a repository, beside that of `ref`. */
  (
    | { readonly type: 'registry'; readonly ref: string }
    | { readonly type: 'local'; readonly directory: string }
    | ({ readonly type: 's3' } & S3Address)
    | ({ readonly type: 'gha' } & GhaAddress)
  ) & {
    /** Directories of RUN --mount=type=cache, too. */
    readonly mounts?: true
  }

export type CacheType = CacheAddress['type']
export type Direction = '--cache-from' | '--cache-to'

/** An attribute of a cache type, named as buildx has it. */
export interface CacheAttribute {
  readonly key: string
  readonly isRequired?: true
  /** Variables that stand in for it, the first that is set. */
  readonly env?: readonly string[]
  /** The flag that takes it; both when absent. */
  readonly only?: Direction
}

type ValueOf = (key: string) => string | undefined
type Refuse = (why: string) => Error

interface CacheTypeRow {
  readonly attributes: readonly CacheAttribute[]
  /** What a message says that is expected. */
  readonly forms: Readonly<Record<Direction, string>>
  /** The address of attributes; those that are required are there. Throws what `refuse` makes, and `invalid-reference`. */
  readonly make: (value: ValueOf, refuse: Refuse) => CacheAddress
}

const s3Form = 'type=s3,bucket=NAME,region=REGION[,endpoint_url=URL][,use_path_style=true][,prefix=PREFIX]'
const ghaForm = 'type=gha[,scope=NAME], with ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN in the environment'

/** Every type of cache but `inline`, by its name. */
export const cacheTypes: Readonly<Record<CacheType, CacheTypeRow>> = {
  registry: {
    attributes: [{ key: 'ref', isRequired: true }],
    forms: {
      '--cache-from': 'type=registry,ref=NAME[:TAG]',
      '--cache-to': 'type=registry,ref=NAME[:TAG][,mode=max]',
    },
    make(value) {
      const ref = value('ref') ?? ''
      // Refused now, not when something is sent.
      parseReference(ref)
      return { type: 'registry', ref }
    },
  },
  local: {
    attributes: [
      { key: 'src', isRequired: true, only: '--cache-from' },
      { key: 'dest', isRequired: true, only: '--cache-to' },
    ],
    forms: { '--cache-from': 'type=local,src=DIR', '--cache-to': 'type=local,dest=DIR[,mode=max]' },
    make: (value) => ({ type: 'local', directory: value('src') ?? value('dest') ?? '' }),
  },
  s3: {
    attributes: [
      { key: 'bucket', isRequired: true, env: ['AWS_BUCKET'] },
      { key: 'region', isRequired: true, env: ['AWS_REGION', 'AWS_DEFAULT_REGION'] },
      { key: 'access_key_id', isRequired: true, env: ['AWS_ACCESS_KEY_ID'] },
      { key: 'secret_access_key', isRequired: true, env: ['AWS_SECRET_ACCESS_KEY'] },
      { key: 'session_token', env: ['AWS_SESSION_TOKEN'] },
      { key: 'endpoint_url', env: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'] },
      { key: 'use_path_style' },
      { key: 'prefix' },
      { key: 'blobs_prefix' },
      { key: 'manifests_prefix' },
      { key: 'name' },
    ],
    forms: { '--cache-from': s3Form, '--cache-to': `${s3Form}[,mode=max]` },
    make: s3Address,
  },
  gha: {
    attributes: [
      { key: 'url', isRequired: true, env: ['ACTIONS_RESULTS_URL'] },
      { key: 'token', isRequired: true, env: ['ACTIONS_RUNTIME_TOKEN'] },
      { key: 'scope' },
    ],
    forms: { '--cache-from': ghaForm, '--cache-to': ghaForm.replace('[,scope=NAME]', '[,scope=NAME][,mode=max]') },
    make(value, refuse) {
      const url = value('url') ?? ''
      if (!isHttpUrl(url)) throw refuse('url= is not an http or https address')
      return { type: 'gha', url, token: value('token') ?? '', scope: value('scope') ?? 'longshore' }
    },
  },
}

function s3Address(value: ValueOf, refuse: Refuse): CacheAddress {
  const style = value('use_path_style') ?? 'false'
  if (style !== 'true' && style !== 'false') throw refuse(`use_path_style must be true or false, not "${style}"`)
  const endpointUrl = value('endpoint_url')
  if (endpointUrl !== undefined && !isHttpUrl(endpointUrl))
    throw refuse('endpoint_url= is not an http or https address')
  const sessionToken = value('session_token')
  return {
    type: 's3',
    bucket: value('bucket') ?? '',
    region: value('region') ?? '',
    ...(endpointUrl === undefined ? {} : { endpointUrl }),
    pathStyle: style === 'true',
    prefix: value('prefix') ?? '',
    blobsPrefix: value('blobs_prefix') ?? 'blobs/',
    manifestsPrefix: value('manifests_prefix') ?? 'manifests/',
    name: value('name') ?? 'longshore',
    credentials: {
      accessKeyId: value('access_key_id') ?? '',
      secretAccessKey: value('secret_access_key') ?? '',
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  }
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
