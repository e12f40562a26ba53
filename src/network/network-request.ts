import type { PortMapping } from './port-mapping.ts'

/** How a container wants to be connected; what its flags say. */
export interface NetworkRequest {
  /** The container's ID. */
  readonly id: string
  /** The container's name, by which others of its user networks reach it. */
  readonly name: string
  readonly hostname: string
  readonly domainname: string
  /** As `--network` has it: `bridge` or `default`, `host`, `none`, `container:ID|NAME`, or the name of a network. */
  readonly mode: string
  readonly ports: readonly PortMapping[]
  /** Further names in a user network. */
  readonly aliases: readonly string[]
  /** `NAME:IP` or `NAME=IP`; the address may be `host-gateway`. */
  readonly addHosts: readonly string[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOptions: readonly string[]
  /** `--ip`: the address in the network that `mode` names. */
  readonly address?: string
}

/** A way to connect a container, from the best to the last. */
export type Rung = 'bridge' | 'pasta' | 'slirp4netns'

/** Whether this machine offers a rung to this user. */
export interface RungReport {
  readonly rung: Rung
  /** Absent when it works. */
  readonly reason?: string
  /** A command that mends it. */
  readonly mend?: string
}

/** Programs of the machine that networks are made with; absent when it has none. */
export interface NetworkPrograms {
  readonly ip?: string
  readonly nft?: string
  readonly iptables?: string
  readonly iptablesRestore?: string
  readonly unshare?: string
  readonly nsenter?: string
  readonly mount?: string
  readonly umount?: string
  readonly setpriv?: string
  readonly pasta?: string
  readonly slirp4netns?: string
}

/** What this machine offers. */
export interface NetworkFacts {
  readonly rungs: readonly RungReport[]
  readonly programs: NetworkPrograms
  /** What rules of the bridge are made with. */
  readonly firewall: 'nft' | 'iptables' | undefined
  /** True for the machine's root outside of user namespaces. */
  readonly isRoot: boolean
}

/** The way a container will be connected, decided before anything is done. */
export type NetworkPlan = {
  readonly request: NetworkRequest
  /** What the user should hear: flags that do nothing here. */
  readonly notes: readonly string[]
} & (
  | { readonly kind: 'host' }
  | { readonly kind: 'none' }
  /** The network namespace of another container, an ID or name as the user wrote it. */
  | { readonly kind: 'container'; readonly container: string }
  /** An interface in the bridge of `network`, with rules of our own in the firewall. Root only. */
  | { readonly kind: 'bridge'; readonly network: string }
  /**
   * A namespace that a helper process connects with the machine. With `network`, an interface in the bridge of that user
   * network besides: then the container's supervisor must live in the store's shared user namespace (`houseWords`).
   */
  | { readonly kind: 'helper'; readonly helper: 'pasta' | 'slirp4netns'; readonly network?: string }
)
