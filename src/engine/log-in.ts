import { resolve } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { Host } from './host.ts'
import type { RegistryAccess } from './registry-access.ts'
import { lazyRegistry } from './registry-client.ts'

/** Where a login is kept. */
export interface LoginPlace {
  readonly host: Host
  readonly authFile?: string
}

async function pathOf({ host, authFile }: LoginPlace): Promise<string> {
  const { loginPath } = await import('../registry/index.ts')
  if (authFile !== undefined) return resolve(host.cwd, authFile)
  return loginPath({ env: host.env, home: host.env['HOME'] ?? '/' })
}

/** Asks the registry whether it takes an account, and keeps it; gives the path of the file. Throws `ToolError` `registry-denied`. */
export async function logIn(
  place: LoginPlace,
  registry: string,
  account: { readonly username: string; readonly password: string },
  access: RegistryAccess,
  signal: AbortSignal,
): Promise<string> {
  const client = lazyRegistry(place.host, { ...access, credentials: account })
  try {
    await (await client.client()).checkLogin(registry, signal)
  } finally {
    await client.close()
  }
  const { storeAccount } = await import('../registry/index.ts')
  const path = await pathOf(place)
  await storeAccount(path, registry, account, place.host.env)
  return path
}

/** The user that is logged in at a registry. Throws `ToolError` `registry-denied` when nobody is. */
export async function loggedInUser({ host, authFile }: LoginPlace, registry: string): Promise<string> {
  const { credentialsFromFiles } = await import('../registry/index.ts')
  const env = authFile === undefined ? host.env : { ...host.env, REGISTRY_AUTH_FILE: resolve(host.cwd, authFile) }
  const found = await credentialsFromFiles({ env, home: host.env['HOME'] ?? '/' })(registry, '')
  if (found?.kind === 'basic') return found.username
  if (found?.kind === 'identity-token' || found?.kind === 'registry-token') return '<token>'
  throw new ToolError('registry-denied', `nobody is logged in at ${registry}`, {
    hint: found === undefined ? `longshore login ${registry}` : found.reason,
  })
}

/** Forgets the logins at a registry, or all; gives the registries that were there. */
export async function logOut(place: LoginPlace, registry: string | undefined): Promise<readonly string[]> {
  const { removeAccounts } = await import('../registry/index.ts')
  return removeAccounts(await pathOf(place), registry, place.host.env)
}
