import type { RemoteClient } from '../remote/index.ts'
import type { Store } from '../store/index.ts'
import { version } from '../version.ts'
import type { Host } from './host.ts'
import { extraCertificates } from './registry-client.ts'

/** The client for what ADD and contexts name by an address, opened when it is first asked for. */
export interface LazyRemote {
  client(): Promise<RemoteClient>
  close(): Promise<void>
}

/** A client that keeps what it fetches in the store, with the proxies, certificates and git credentials of the host. */
export function lazyRemote(host: Host, store: Store, offline = false): LazyRemote {
  let opened: Promise<RemoteClient> | undefined
  const open = async (): Promise<RemoteClient> => {
    const { openRemote } = await import('../remote/index.ts')
    return openRemote({
      directory: store.cachePath('remote'),
      userAgent: `longshore/${version}`,
      env: host.env,
      ca: () => extraCertificates(host),
      startedMs: host.startedMs,
      pid: host.pid,
      nowMs: () => host.nowMs(),
      offline,
    })
  }
  return {
    client() {
      opened ??= open()
      return opened
    },
    async close() {
      const client = await opened?.catch(() => undefined)
      await client?.close()
    },
  }
}
