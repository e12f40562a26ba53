import type { NetworkFacts } from './network-request.ts'
import type { PortMapping } from './port-mapping.ts'

/** What opening a network needs besides its plan. */
export interface NetworkRoom {
  /** The store: networks and leases are kept in `networks/` of it. */
  readonly root: string
  /**
   * A private directory of this container that lasts as long as the network is open, made when missing: holds `hosts`,
   * `resolv.conf` and the mount of the namespace. The caller is in a mount namespace of its own, so that the kernel
   * cleans up when it dies.
   */
  readonly directory: string
  readonly facts: NetworkFacts
  /** The process that holds the network; this one. */
  readonly ownerPid: number
  /** First process of the container that `container:` names, and the files of its network. */
  readonly joined?: { readonly pid: number; readonly hostsFile: string; readonly resolvFile: string }
}

/** A container's place in a network. */
export interface Endpoint {
  readonly network: string
  readonly address: string
  readonly prefixLength: number
  readonly gateway: string
  readonly macAddress: string
  /** Names by which others of the network reach it. */
  readonly names: readonly string[]
}

/** A container's network. It is there before the container starts, and outlives its restarts. */
export interface Network {
  /** What the sandbox is to do: keep the host's, make an empty one, or join the namespace at `path`. */
  readonly namespace: { readonly kind: 'host' | 'none' } | { readonly kind: 'path'; readonly path: string }
  readonly endpoints: readonly Endpoint[]
  /** With the ports that were chosen. */
  readonly ports: readonly PortMapping[]
  /** To be bound over /etc/hosts; kept up to date in place as others come and go. */
  readonly hostsFile: string
  /** To be bound over /etc/resolv.conf. */
  readonly resolvFile: string
  /** Resolves with why when the network is lost: its helper ended. Never rejects, stays pending when there is no helper. */
  readonly lost: Promise<string>
  /** Gives addresses, ports and rules back. */
  close(): Promise<void>
}
