import type { RegistryClient } from '../registry/index.ts'
import { version } from '../version.ts'
import type { Host } from './host.ts'

/** A registry client with the credentials, proxies and certificates of the host. The HTTP library is loaded here and not before. */
export async function lazyRegistryClient(host: Host): Promise<RegistryClient> {
  const { openRegistry } = await import('../registry/index.ts')
  return openRegistry({ env: host.env, userAgent: `longshore/${version}` })
}
