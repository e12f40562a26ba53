import { randomBytes } from 'node:crypto'
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { errnoCode, ToolError } from '../base/index.ts'
import { decodeJson, defaultRegistry } from '../oci/index.ts'
import { type CredentialFileOptions, normalKey } from './credential-files.ts'
import { eraseWithHelper, storeWithHelper } from './credential-program.ts'

/** An account at a registry, to be kept. */
export interface Account {
  readonly username: string
  readonly password: string
}

type Json = { readonly [name: string]: unknown }

/**
 * Keeps an account in a credential file, or with the helper that the file names for the registry. All else in the file stays
 * as it is; it is replaced whole and readable by its owner alone. Throws `ToolError` `invalid-document`,
 * `permission-denied`, or `registry-denied` when a helper refuses.
 */
export async function storeAccount(
  path: string,
  registry: string,
  account: Account,
  env: CredentialFileOptions['env'],
): Promise<void> {
  const document = await readDocument(path)
  const auths = objectAt(document, 'auths')
  const others = Object.fromEntries(Object.entries(auths).filter(([key]) => normalKey(key) !== registry))
  const key = keyIn(path, registry)
  const helper = helperFor(document, registry)
  if (helper !== undefined) await storeWithHelper(helper, registry, account, path, env)
  const auth = Buffer.from(`${account.username}:${account.password}`, 'utf8').toString('base64')
  const entry = helper === undefined ? { auth } : {}
  await writeDocument(path, { ...document, auths: { ...others, [key]: entry } })
}

/** Forgets what a file or its helper knows of a registry, or of all; gives the registries that were there. */
export async function removeAccounts(
  path: string,
  registry: string | undefined,
  env: CredentialFileOptions['env'],
): Promise<readonly string[]> {
  const document = await readDocument(path)
  const auths = objectAt(document, 'auths')
  const removed = Object.keys(auths).filter((key) => registry === undefined || normalKey(key) === registry)
  for (const key of removed) {
    const helper = helperFor(document, normalKey(key))
    if (helper !== undefined) await eraseWithHelper(helper, normalKey(key), path, env)
  }
  if (removed.length === 0) return []
  const kept = Object.entries(auths).filter(([key]) => !removed.includes(key))
  await writeDocument(path, { ...document, auths: Object.fromEntries(kept) })
  return removed.map(normalKey)
}

/** Docker keeps Docker Hub under an address of old; others under its name. */
function keyIn(path: string, registry: string): string {
  return registry === defaultRegistry && basename(path) === 'config.json' ? 'https://index.docker.io/v1/' : registry
}

function helperFor(document: Json, registry: string): string | undefined {
  for (const [key, helper] of Object.entries(objectAt(document, 'credHelpers'))) {
    if (normalKey(key) === registry && typeof helper === 'string') return helper
  }
  const store = document['credsStore']
  return typeof store === 'string' && store !== '' ? store : undefined
}

function objectAt(document: Json, name: string): Json {
  const value = document[name]
  return isObject(value) ? value : {}
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function readDocument(path: string): Promise<Json> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return {}
    throw cannot('read', path, error)
  }
  return decodeJson(bytes, `credential file ${path}`, (value) => {
    if (isObject(value)) return value
    throw new ToolError('invalid-document', `the credential file ${path} is no JSON object`, {
      hint: 'correct it, or move it away',
    })
  })
}

async function writeDocument(path: string, document: Json): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // Through a link, as people have who keep such files elsewhere.
    const place = await realpath(path).catch((error: unknown) => {
      if (errnoCode(error) === 'ENOENT') return path
      throw error
    })
    const temporary = `${place}.${randomBytes(4).toString('hex')}.part`
    try {
      await writeFile(temporary, `${JSON.stringify(document, null, '\t')}\n`, { flag: 'wx', mode: 0o600, flush: true })
      await rename(temporary, place)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  } catch (error) {
    throw cannot('write', path, error)
  }
}

function cannot(verb: 'read' | 'write', path: string, cause: unknown): ToolError {
  return new ToolError(
    'permission-denied',
    `cannot ${verb} the credentials in ${path} (${errnoCode(cause) ?? 'unknown error'})`,
    {
      hint: 'make the file and its folder accessible, or name another file with --authfile',
      cause,
    },
  )
}
