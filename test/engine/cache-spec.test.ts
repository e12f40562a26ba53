import { describe, expect, test } from 'vitest'
import { parseCacheSource, parseCacheTarget } from '../../src/engine/cache-spec.ts'

const source = (text: string, env = {}) => parseCacheSource(text, env)
const target = (text: string, env = {}) => parseCacheTarget(text, env)
const aws = { AWS_REGION: 'eu-1', AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', AWS_SESSION_TOKEN: 'ST' }
const actions = { ACTIONS_RESULTS_URL: 'https://results.example.com/', ACTIONS_RUNTIME_TOKEN: 'TOKEN' }

test('sources', () => {
  expect(source('ghcr.io/team/app:main')).toEqual({ type: 'registry', ref: 'ghcr.io/team/app:main' })
  expect(source('type=registry,ref=app')).toEqual({ type: 'registry', ref: 'app' })
  expect(source('type=local,"src=/a,b"')).toEqual({ type: 'local', directory: '/a,b' })
})

test('targets', () => {
  const usual = { mode: 'min', compression: { method: 'gzip', force: false }, ignoreError: true }
  expect(target('app:cache')).toEqual({ address: { type: 'registry', ref: 'app:cache' }, ...usual })
  expect(target('type=registry,ref=app,oci-mediatypes=true,image-manifest=true')).toEqual({
    address: { type: 'registry', ref: 'app' },
    ...usual,
  })
  expect(target('type=local,dest=d,mode=max,compression=zstd,compression-level=3,ignore-error=false')).toEqual({
    address: { type: 'local', directory: 'd' },
    mode: 'max',
    compression: { method: 'zstd', level: 3, force: false },
    ignoreError: false,
  })
})

describe('what is refused names the part and what was expected', () => {
  test.each([
    ['type=registry', /--cache-from "type=registry": ref= is missing/, /expected type=registry,ref=NAME/],
    ['type=local,dest=x', /"dest" is no attribute of type=local/, /expected type=local,src=DIR/],
    ['type=redis,ref=x', /there is no cache type "redis"/, /type=registry,ref=.*type=local,src=/],
    ['ref=x', /type= is missing/, /type=registry,ref=/],
    ['type=local,here', /"here" is not key=value/, /./],
    ['type=registry,ref=UPPER', /must be in lower case/, /./],
    ['', /type= is missing/, /./],
  ])('--cache-from %s', (text, message, hint) => {
    expect(() => source(text)).toThrow(message)
    expect(() => source(text)).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }))
  })

  test.each([
    ['type=local,dest=x,mode=most', /mode must be min or max, not "most"/],
    ['type=local,dest=x,ignore-error=maybe', /ignore-error must be true or false/],
    ['type=local,dest=x,oci-mediatypes=false', /oci-mediatypes=false is not supported/],
    ['type=local,dest=x,compression=lzma', /no compression "lzma"/],
  ])('--cache-to %s', (text, message) => {
    expect(() => target(text)).toThrow(message)
  })
})

test('s3 takes from the environment what is not given', () => {
  const common = { type: 's3', pathStyle: false, prefix: '', blobsPrefix: 'blobs/', manifestsPrefix: 'manifests/' }
  expect(source('type=s3,bucket=b', aws)).toEqual({
    ...common,
    bucket: 'b',
    region: 'eu-1',
    name: 'longshore',
    credentials: { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' },
  })
  const given =
    'type=s3,bucket=b,region=r,access_key_id=a,secret_access_key=s,endpoint_url=http://h:1,use_path_style=true'
  expect(target(`${given},prefix=p/,name=n,mode=max`)).toMatchObject({
    mode: 'max',
    address: {
      ...common,
      prefix: 'p/',
      name: 'n',
      region: 'r',
      pathStyle: true,
      endpointUrl: 'http://h:1',
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    },
  })
})

test('cache mounts travel when asked for, but not where no entry can be changed', () => {
  expect(source('type=local,src=d,mounts=true')).toEqual({ type: 'local', directory: 'd', mounts: true })
  expect(target('type=registry,ref=app,mounts=true').address).toEqual({ type: 'registry', ref: 'app', mounts: true })
  expect(source('type=local,src=d,mounts=false')).toEqual({ type: 'local', directory: 'd' })
  expect(() => source('type=local,src=d,mounts=1')).toThrow(/mounts must be true or false/)
  expect(() => target('type=gha,mounts=true', actions)).toThrow(/changes no entry/)
})

test('gha takes what a job has', () => {
  expect(source('type=gha', actions)).toEqual({
    type: 'gha',
    url: 'https://results.example.com/',
    token: 'TOKEN',
    scope: 'longshore',
  })
  expect(source('type=gha,scope=app,url=http://h/,token=t').type).toBe('gha')
})

test('inline is a target without attributes, and a source by the name of its image', () => {
  expect(target('type=inline')).toMatchObject({ address: { type: 'inline' }, mode: 'min' })
  expect(() => target('type=inline,mode=max')).toThrow(/no attributes/)
  expect(() => source('type=inline')).toThrow(expect.objectContaining({ hint: expect.stringContaining('NAME[:TAG]') }))
})

test.each([
  ['type=s3,region=r', aws, /bucket= is missing, and AWS_BUCKET is not set/],
  ['type=s3,bucket=b', {}, /region= is missing, and AWS_REGION or AWS_DEFAULT_REGION is not set/],
  ['type=s3,bucket=b,region=r', {}, /access_key_id= is missing, and AWS_ACCESS_KEY_ID is not set/],
  ['type=s3,bucket=b,endpoint_url=h:1', aws, /endpoint_url= is not an http/],
  ['type=s3,bucket=b,use_path_style=yes', aws, /use_path_style must be true or false/],
  ['type=gha', {}, /url= is missing, and ACTIONS_RESULTS_URL is not set/],
  ['type=gha,url=x,token=geheim', {}, /token=\*\*\*": url= is not an http/],
])('%s says what is missing and repeats no secret', (text, env, message) => {
  expect(() => source(text, env)).toThrow(message)
  expect(() => source(text, env)).not.toThrow(/geheim/)
})
