import type { DiffId } from '../base/index.ts'
import type { Healthcheck } from '../oci/index.ts'
import type { Isolation } from '../ports/index.ts'

/** A directory, file or memory that a container shows besides its image. Targets are absolute paths inside. */
export type MountSpec =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readonly: boolean }
  | {
      readonly kind: 'volume'
      readonly name: string
      readonly target: string
      readonly readonly: boolean
      /** Removed with the container by `rm -v` and `--rm`. */
      readonly anonymous: boolean
      /** An empty volume first gets what the image has at the target. */
      readonly copy: boolean
    }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes?: number; readonly mode?: number }

/** A port of the container that the machine answers for. */
export interface PortSpec {
  readonly hostIp: string
  /** 0: any that is free. */
  readonly hostPort: number
  readonly containerPort: number
  readonly protocol: 'tcp' | 'udp'
}

/** How a container is connected. `mode` is `host`, `none`, `bridge`, `container:ID` or the name of a user network. */
export interface NetworkSpec {
  readonly mode: string
  readonly ports: readonly PortSpec[]
  readonly aliases: readonly string[]
  /** `NAME:IP` lines for /etc/hosts. */
  readonly addHosts: readonly string[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOptions: readonly string[]
  /** `--ip`: the address in the network that `mode` names. */
  readonly address?: string
}

/** What a container may use at most; absent means no limit. Sizes in bytes. */
export interface LimitsSpec {
  readonly memoryBytes?: number
  /** Memory and swap together; -1 for no limit. */
  readonly memorySwapBytes?: number
  readonly cpus?: number
  readonly cpuShares?: number
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly pids?: number
  readonly shmSizeBytes?: number
  /** `NAME=SOFT:HARD`. */
  readonly ulimits: readonly string[]
}

/** Whose namespace a container is in: its own, the machine's, or that of another container. */
export type NamespaceMode = 'private' | 'host' | `container:${string}`

/** What a container's processes may do. */
export interface SecuritySpec {
  readonly privileged: boolean
  /** `CAP_…` or `ALL`. */
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly noNewPrivileges: boolean
  readonly seccomp: 'default' | 'unconfined'
  /** Names or numbers of further groups of the first process. */
  readonly groupAdd: readonly string[]
  readonly devices: readonly string[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly readonlyRoot: boolean
  readonly pid: NamespaceMode
  readonly ipc: NamespaceMode | 'shareable'
}

/** What happens when the process ends by itself. */
export interface RestartPolicy {
  readonly name: 'no' | 'on-failure' | 'always' | 'unless-stopped'
  /** For `on-failure`: 0 means without end. */
  readonly maximumRetries: number
}

/** Where output is kept. `json-file` is the only place there is; `none` keeps none. */
export interface LogSpec {
  readonly driver: 'json-file' | 'none'
  /** A file as large as this is put aside; 0 for never. */
  readonly maxSizeBytes: number
  /** Files kept at most, the current one included. */
  readonly maxFiles: number
}

/** A container as it was created. Never changes afterwards: its name and state are kept apart. */
export interface ContainerSpec {
  /** 64 hex digits. */
  readonly id: string
  /** RFC 3339. */
  readonly created: string
  /** ID of the image, and what the user called it. */
  readonly image: { readonly id: string; readonly reference: string }
  /** Layers of the image, bottom first. */
  readonly layers: readonly DiffId[]
  readonly isolation?: Isolation
  readonly args: readonly string[]
  /** What of `args` is the entrypoint; the rest is the command. */
  readonly entrypoint: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  /** `user[:group]`, empty for root. */
  readonly user: string
  readonly terminal: boolean
  /** `-i`: stdin stays open. */
  readonly openStdin: boolean
  /** stdin ends with the first attached client: what `run` without `-d` asks for. */
  readonly stdinOnce: boolean
  readonly hostname: string
  readonly domainname: string
  readonly labels: Readonly<Record<string, string>>
  readonly exposedPorts: readonly string[]
  readonly mounts: readonly MountSpec[]
  readonly network: NetworkSpec
  readonly limits: LimitsSpec
  readonly security: SecuritySpec
  readonly restart: RestartPolicy
  /** `--rm`. */
  readonly autoRemove: boolean
  readonly init: boolean
  readonly stopSignal: string
  readonly stopTimeoutSeconds: number
  readonly healthcheck?: Healthcheck
  readonly log: LogSpec
}
