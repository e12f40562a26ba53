import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoCode, ToolError } from '../base/index.ts'
import { type Decoder, decodeJson, defaultRegistry, fieldsOf, mapOf, text } from '../oci/index.ts'
import { askHelper } from './credential-program.ts'
import type { CredentialLookup, Credentials } from './credentials.ts'

export interface CredentialFileOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Home directory. */
  readonly home: string
}

/**
 * Looks credentials up where docker, podman and their kin keep them; the first file with an entry wins:
 * `REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, then `containers/auth.json` in
 * `$XDG_RUNTIME_DIR` and in `$XDG_CONFIG_HOME` or `~/.config`. Within a file the most specific key wins. Throws
 * `ToolError` `invalid-document` for a broken file and `permission-denied` for one that cannot be read.
 */
export function credentialsFromFiles(options: CredentialFileOptions): CredentialLookup {
  const read = new Map<string, Promise<CredentialFile | undefined>>()
  return async (registry, repository) => {
    for (const path of credentialPaths(options)) {
      const file = await (read.get(path) ?? remember(read, path))
      const found = file === undefined ? undefined : await credentialsIn(file, path, registry, repository, options.env)
      if (found !== undefined) return found
    }
    return undefined
  }
}

function remember(
  read: Map<string, Promise<CredentialFile | undefined>>,
  path: string,
): Promise<CredentialFile | undefined> {
  const reading = readCredentialFile(path)
  read.set(path, reading)
  return reading
}

/** The file that a login is kept in: the one that REGISTRY_AUTH_FILE names, else docker's, which all tools read. */
export function loginPath({ env, home }: CredentialFileOptions): string {
  return env['REGISTRY_AUTH_FILE'] || join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json')
}

function credentialPaths({ env, home }: CredentialFileOptions): readonly string[] {
  const authFile = env['REGISTRY_AUTH_FILE']
  const runtime = env['XDG_RUNTIME_DIR']
  return [
    ...(authFile ? [authFile] : []),
    join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
    ...(runtime ? [join(runtime, 'containers/auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers/auth.json'),
  ]
}

interface CredentialFile {
  readonly auths: ReadonlyMap<string, Credentials | undefined>
  readonly helpers: ReadonlyMap<string, string>
  readonly store: string | undefined
}

async function readCredentialFile(path: string): Promise<CredentialFile | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    const code = errnoCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ToolError('permission-denied', `cannot read the credentials in ${path} (${code ?? 'unknown error'})`, {
      hint: 'make the file readable, or point DOCKER_CONFIG or REGISTRY_AUTH_FILE to another',
      cause: error,
    })
  }
  return decodeJson(bytes, `credential file ${path}`, decodeFile, 'correct the file, or log in again to write it anew')
}

const decodeFile: Decoder<CredentialFile> = (value, place) => {
  const fields = fieldsOf(value, place)
  const normal = <T>(map: Readonly<Record<string, T>> | undefined): ReadonlyMap<string, T> =>
    new Map(Object.entries(map ?? {}).map(([key, item]) => [normalKey(key), item]))
  return {
    auths: normal(fields.optional('auths', mapOf(decodeEntry))),
    helpers: normal(fields.optional('credHelpers', mapOf(text))),
    store: fields.optional('credsStore', text) || undefined,
  }
}

const decodeEntry: Decoder<Credentials | undefined> = (value, place) => {
  const fields = fieldsOf(value, place)
  const identity = fields.optional('identitytoken', text)
  if (identity) return { kind: 'identity-token', token: identity }
  const bearer = fields.optional('registrytoken', text)
  if (bearer) return { kind: 'registry-token', token: bearer }
  const auth = fields.optional('auth', text)
  const username = fields.optional('username', text)
  if (!auth)
    return username ? { kind: 'basic', username, password: fields.optional('password', text) ?? '' } : undefined
  const plain = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '')
  const colon = plain.indexOf(':')
  if (colon <= 0)
    return {
      kind: 'unavailable',
      reason: `the "auth" of ${place.path} in the ${place.document} is not base64 of user:password`,
    }
  return { kind: 'basic', username: plain.slice(0, colon), password: plain.slice(colon + 1) }
}

/** The registry that a key of `auths` means: docker has written URLs with an API path (`https://index.docker.io/v1/`) and bare names. */
export function normalKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '')
  return bare.replace(/^(?:index\.docker\.io|registry-1\.docker\.io)(?=$|\/)/, defaultRegistry)
}

async function credentialsIn(
  file: CredentialFile,
  path: string,
  registry: string,
  repository: string,
  env: CredentialFileOptions['env'],
): Promise<Credentials | undefined> {
  const helper = file.helpers.get(registry)
  if (helper !== undefined) return askHelper(helper, registry, path, env)
  for (const key of keysFor(registry, repository)) {
    const found = file.auths.get(key)
    if (found !== undefined) return found
  }
  return file.store === undefined ? undefined : askHelper(file.store, registry, path, env)
}

/** `host/a/b`, `host/a`, `host`: most specific first. */
function keysFor(registry: string, repository: string): readonly string[] {
  const parts = repository.split('/')
  return [...parts.map((_, index) => [registry, ...parts.slice(0, parts.length - index)].join('/')), registry]
}
