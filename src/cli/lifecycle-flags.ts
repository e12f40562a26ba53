import type { ProjectFlags } from './flags.ts'
import type { HealthFlags } from './health-flags.ts'

/** Flags that `run` and `create` have in common. */
export interface ContainerFlags extends HealthFlags {
  readonly rm?: boolean
  readonly name?: string
  readonly env: readonly string[]
  readonly envFile: readonly string[]
  readonly volume: readonly string[]
  readonly mount: readonly string[]
  readonly tmpfs: readonly string[]
  readonly volumesFrom: readonly string[]
  readonly readOnly?: boolean
  readonly workdir?: string
  readonly user?: string
  readonly entrypoint?: string
  readonly hostname?: string
  readonly domainname?: string
  readonly label: readonly string[]
  readonly labelFile: readonly string[]
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly network?: string
  readonly publish: readonly string[]
  readonly publishAll?: boolean
  readonly expose: readonly string[]
  readonly networkAlias: readonly string[]
  readonly ip?: string
  readonly addHost: readonly string[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly dnsOption: readonly string[]
  readonly memory?: string
  readonly memorySwap?: string
  readonly cpus?: string
  readonly cpuShares?: number
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly pidsLimit?: number
  readonly ulimit: readonly string[]
  readonly shmSize?: string
  readonly net?: string
  readonly restart: string
  readonly stopSignal?: string
  readonly stopTimeout?: number
  readonly logDriver: 'json-file' | 'none'
  readonly logOpt: readonly string[]
  readonly cidfile?: string
  readonly pull: string
  readonly platform?: string
  readonly quiet?: boolean
  readonly privileged?: boolean
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly securityOpt: readonly string[]
  readonly groupAdd: readonly string[]
  readonly device: readonly string[]
  readonly sysctl: readonly string[]
  readonly pid?: string
  readonly ipc?: string
  readonly userns?: string
  readonly init?: boolean
  readonly isolation?: 'crun' | 'runc' | 'builtin'
  readonly runtime?: 'crun' | 'runc'
}

/** Flags of `longshore run`. */
export interface RunFlags extends ContainerFlags {
  readonly detach?: boolean
  readonly attach: readonly ('stdin' | 'stdout' | 'stderr')[]
  readonly detachKeys: string
  readonly sigProxy: boolean
}

/** Flags of `start`. */
export interface StartFlags {
  readonly attach?: boolean
  readonly interactive?: boolean
  readonly detachKeys: string
  readonly sigProxy: boolean
}

/** Flags of `stop` and `restart`. */
export interface StopFlags {
  readonly timeout?: number
  readonly time?: number
  readonly signal?: string
}

/** Flags of `ps`. */
export interface PsFlags {
  readonly all?: boolean
  readonly quiet?: boolean
  readonly size?: boolean
  readonly trunc: boolean
  readonly last?: number
  readonly latest?: boolean
  readonly filter: readonly string[]
  readonly format?: string
}

/** Flags of `logs`. */
export interface LogsFlags extends ProjectFlags {
  readonly build?: boolean
  readonly follow?: boolean
  readonly tail: number | 'all'
  readonly since?: string
  readonly until?: string
  readonly timestamps?: boolean
}

/** Flags of `inspect`. */
export interface InspectFlags {
  readonly format?: string
  readonly type: 'any' | 'container' | 'image'
  readonly platform?: string
  readonly size?: boolean
}

/** Flags of `exec`. */
export interface ExecFlags {
  readonly detach?: boolean
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly env: readonly string[]
  readonly envFile: readonly string[]
  readonly user?: string
  readonly workdir?: string
  readonly privileged?: boolean
  readonly detachKeys: string
}

/** Flags of `attach`. */
export interface AttachFlags {
  readonly detachKeys: string
  readonly stdin: boolean
  readonly sigProxy: boolean
}

/** Flags of `cp`. */
export interface CopyFlags {
  readonly archive?: boolean
  readonly followLink?: boolean
}

/** Flags of `commit`. */
export interface CommitFlags {
  readonly author?: string
  readonly message?: string
  readonly change: readonly string[]
  readonly pause: boolean
}

/** Flags of `events`. */
export interface EventsFlags {
  readonly since?: string
  readonly until?: string
  readonly filter: readonly string[]
  readonly format?: string
}

/** Flags of `stats`. */
export interface StatsFlags {
  readonly all?: boolean
  readonly stream: boolean
  readonly trunc: boolean
  readonly format?: string
}
