/** Flags of `longshore build` as commander gives them. */
export interface BuildFlags extends RegistryFlags {
  readonly tag: readonly string[]
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly buildContext: readonly string[]
  readonly label: readonly string[]
  readonly annotation: readonly string[]
  readonly squash?: boolean
  readonly target: readonly string[]
  readonly platform: readonly string[]
  readonly cache: boolean
  /** Of `--no-cache-filter`: commander takes the `no-` off. */
  readonly cacheFilter: readonly string[]
  readonly cacheTtl?: string
  readonly keepGoing?: boolean
  readonly addHost: readonly string[]
  readonly memory?: string
  readonly cpus?: string
  readonly shmSize?: string
  readonly ulimit: readonly string[]
  readonly onFailure: 'keep' | 'shell'
  readonly pull?: boolean
  readonly offline?: boolean
  readonly locked?: boolean
  readonly lockfile?: string
  readonly network: 'default' | 'none' | 'host'
  readonly secret: readonly string[]
  readonly ssh: readonly string[]
  readonly allow: readonly string[]
  readonly cacheBudget?: string
  readonly cacheFrom: readonly string[]
  readonly cacheTo: readonly string[]
  readonly jobs?: number
  readonly output: readonly string[]
  readonly push?: boolean
  readonly iidfile?: string
  readonly metadataFile?: string
  readonly digestFile?: string
  readonly imageNameWithDigestFile?: string
  readonly imageNameTagWithDigestFile?: string
  readonly ci?: 'auto' | 'github' | 'gitlab' | 'none'
  readonly verify?: boolean
  readonly sourceDateEpoch?: string
  readonly rewriteTimestamp?: boolean
  readonly reproducible?: boolean
  readonly quiet?: boolean
  readonly progress: 'auto' | 'tty' | 'plain' | 'quiet' | 'rawjson'
  readonly plan?: boolean
  readonly format: 'text' | 'json'
  readonly isolation?: 'crun' | 'runc' | 'builtin'
  readonly check?: boolean
  readonly call: string
}

/** Flags of `longshore bake`. */
export interface BakeFlags {
  readonly file: readonly string[]
  readonly set: readonly string[]
  readonly var: readonly string[]
  readonly print?: boolean
  readonly list?: string
  readonly format?: string
}

/** Flags of `longshore check`. */
export interface CheckFlags {
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly target?: string
  readonly fix?: boolean
  readonly format: 'text' | 'json' | 'github' | 'sarif'
}

/** Flags of `longshore images`. */
export interface ImagesFlags {
  readonly all?: boolean
  readonly quiet?: boolean
  readonly digests?: boolean
  readonly trunc: boolean
  readonly filter: readonly string[]
  readonly format?: string
}

/** Flags of commands that talk to a registry. */
export interface RegistryFlags {
  readonly tlsVerify?: boolean
  readonly creds?: string
  readonly authfile?: string
  readonly certDir?: string
  readonly retry?: number
}

/** Flags of `longshore pull`. */
export interface PullFlags extends RegistryFlags {
  readonly quiet?: boolean
  readonly platform?: string
  readonly allPlatforms?: boolean
}

/** Flags that say how layers are compressed. */
export interface CompressionFlags {
  readonly compression?: string
  readonly compressionLevel?: string
  readonly forceCompression?: boolean
}

/** Flags of `longshore push`. */
export interface PushFlags extends RegistryFlags, CompressionFlags {
  readonly allTags?: boolean
  readonly platform?: string
  readonly quiet?: boolean
  readonly digestfile?: string
  readonly format?: 'oci' | 'docker'
}

/** Flags of `longshore manifest create`. */
export interface CreateListFlags extends RegistryFlags {
  readonly amend?: boolean
  readonly all?: boolean
  readonly annotation: readonly string[]
  readonly insecure?: boolean
}

/** Flags of `longshore manifest add` and `annotate`. */
export interface MemberFlags extends RegistryFlags {
  readonly all?: boolean
  readonly os?: string
  readonly arch?: string
  readonly variant?: string
  readonly osVersion?: string
  readonly osFeatures: readonly string[]
  readonly annotation: readonly string[]
  readonly insecure?: boolean
}

/** Flags of `longshore manifest push`. */
export interface ManifestPushFlags extends Omit<PushFlags, 'format' | 'allTags' | 'platform'> {
  readonly purge?: boolean
  readonly rm?: boolean
  readonly format?: 'oci' | 'docker' | 'v2s2'
  readonly insecure?: boolean
}

/** Flags of `longshore system check`. */
export interface SystemCheckFlags {
  readonly repair?: boolean
  readonly quick?: boolean
  readonly format: 'text' | 'json'
}

/** Flags of `longshore save`. */
export interface SaveFlags extends CompressionFlags {
  readonly platform?: string
  readonly output: string
  readonly format: 'docker-archive' | 'oci-archive' | 'oci-dir' | 'docker-dir'
  readonly quiet?: boolean
}

/** Flags of `longshore import`. */
export interface ImportFlags {
  readonly change: readonly string[]
  readonly message?: string
  readonly platform?: string
  readonly quiet?: boolean
}

/** Flags of `longshore load`. */
export interface LoadFlags {
  readonly input?: string
  readonly platform?: string
  readonly replace: boolean
  readonly quiet?: boolean
}

/** Flags of `longshore login` and `logout`. */
export interface LoginFlags {
  readonly username?: string
  readonly password?: string
  readonly passwordStdin?: boolean
  readonly authfile?: string
  readonly tlsVerify?: boolean
  readonly getLogin?: boolean
  readonly all?: boolean
}

/** Flags of `longshore rmi`. */
export interface RemoveFlags {
  readonly force?: boolean
  readonly platform?: string
}

/** Flags of `longshore history`. */
export interface HistoryFlags {
  readonly platform?: string
  readonly quiet?: boolean
  readonly human: boolean | string
  readonly trunc: boolean
  readonly format?: string
}

/** Flags of `longshore image tree` and `image diff`. */
export interface ImageTreeFlags {
  readonly all?: boolean
  readonly maxSize?: string
  readonly maxWasted?: string
  readonly format: 'text' | 'json'
}

/** Flags of `longshore image prune`, `builder prune` and `system prune`. */
export interface PruneFlags {
  readonly dryRun?: boolean
  readonly keepStorage?: string
  readonly all?: boolean
  readonly force?: boolean
  readonly filter: readonly string[]
}

/** Flags of `longshore system prune`. */
export interface SystemPruneFlags extends PruneFlags {
  readonly volumes?: boolean
}

/** Flags that say which build a question is about. */
export interface ProjectFlags {
  readonly context: string
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly buildContext: readonly string[]
  readonly target?: string
  readonly platform: readonly string[]
}

/** Flags of `longshore why`. */
export interface WhyFlags extends ProjectFlags {
  readonly last?: boolean
  readonly format: 'text' | 'json'
}

/** Flags of `longshore lock`. */
export interface LockFlags extends RegistryFlags {
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly buildContext: readonly string[]
  readonly lockfile?: string
}

/** Flags of `longshore debug`. */
export interface DebugFlags {
  readonly rm?: boolean
  readonly quiet?: boolean
  readonly format?: string
  readonly isolation?: 'crun' | 'runc' | 'builtin'
}
