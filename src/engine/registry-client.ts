import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorMessage, ToolError } from '../base/index.ts'
import type { RegistryClient } from '../registry/index.ts'
import { version } from '../version.ts'
import type { Host } from './host.ts'
import type { RegistryAccess } from './registry-access.ts'

/** A registry client that is opened when it is first asked for, and closed with the command. */
export interface LazyRegistry {
  client(): Promise<RegistryClient>
  close(): Promise<void>
}

/** A client with the credentials, proxies and certificates of the host. The HTTP library is loaded on first use and not before. */
export function lazyRegistry(host: Host, access: RegistryAccess = {}): LazyRegistry {
  let opened: Promise<RegistryClient> | undefined
  return {
    client() {
      opened ??= openClient(host, access)
      return opened
    },
    async close() {
      // Who asked for the client has been told why it could not be opened.
      const client = await opened?.catch(() => undefined)
      await client?.close()
    },
  }
}

async function openClient(host: Host, access: RegistryAccess): Promise<RegistryClient> {
  const { proxyFromEnvironment } = await import('../http/index.ts')
  const { certificatesFor, credentialsFromFiles, openRegistry, routesFromFiles } = await import('../registry/index.ts')
  const { givenRoutes, givenTrust } = await import('./registry-routes.ts')
  const { credentials, authFile, tlsVerify, retries, retryDelayMs, idleTimeoutMs } = access
  const home = host.env['HOME'] ?? '/'
  const certDir = access.certDir === undefined ? undefined : resolve(host.cwd, access.certDir)
  return openRegistry({
    userAgent: `longshore/${version}`,
    ca: extraCertificates(host),
    trust: (name) => givenTrust(access.certificates, name, host.cwd) ?? certificatesFor(name, home, certDir),
    routes: givenRoutes(routesFromFiles(host.env, home), access),
    credentials:
      credentials === undefined
        ? credentialsFromFiles({ env: authEnv(host, authFile), home })
        : async () => ({ kind: 'basic', ...credentials }),
    ...(tlsVerify === undefined ? {} : { tlsVerify }),
    retry: {
      ...(retries === undefined ? {} : { retries }),
      ...(retryDelayMs === undefined ? {} : { baseDelayMs: retryDelayMs }),
    },
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    proxy: proxyFromEnvironment(host.env),
    ...(access.offline === undefined ? {} : { offline: access.offline }),
  })
}

/** The environment in which credentials are looked for; a file that the command names stands in for REGISTRY_AUTH_FILE. */
function authEnv(host: Host, authFile: string | undefined): Host['env'] {
  return authFile === undefined ? host.env : { ...host.env, REGISTRY_AUTH_FILE: resolve(host.cwd, authFile) }
}

/** The certificates of NODE_EXTRA_CA_CERTS, which the launcher hands on under a name that Node does not read at start. */
export function extraCertificates(host: Host): readonly string[] {
  const path = host.env['LONGSHORE_EXTRA_CA_CERTS'] ?? host.env['NODE_EXTRA_CA_CERTS']
  if (path === undefined || path === '') return []
  try {
    return [readFileSync(path, 'utf8')]
  } catch (error) {
    throw new ToolError('usage', `cannot read the certificates of NODE_EXTRA_CA_CERTS: ${errorMessage(error)}`, {
      hint: 'correct the path, or unset NODE_EXTRA_CA_CERTS',
      cause: error,
    })
  }
}
