/** Flags of `longshore build` as commander gives them. */
export interface BuildFlags {
  readonly tag: readonly string[]
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly buildContext: readonly string[]
  readonly label: readonly string[]
  readonly target?: string
  readonly cache: boolean
  readonly pull?: boolean
  readonly network: 'default' | 'none' | 'host'
  readonly secret: readonly string[]
  readonly ssh: readonly string[]
  readonly allow: readonly string[]
  readonly jobs?: number
  readonly output: readonly string[]
  readonly iidfile?: string
  readonly metadataFile?: string
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

/** Flags of `longshore check`. */
export interface CheckFlags {
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly target?: string
  readonly fix?: boolean
  readonly format: 'text' | 'json' | 'github' | 'sarif'
}

/** Flags of `longshore run`. */
export interface RunFlags {
  readonly rm?: boolean
  readonly env: readonly string[]
  readonly volume: readonly string[]
  readonly workdir?: string
  readonly user?: string
  readonly entrypoint?: string
  readonly name?: string
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly network: 'host' | 'none'
  readonly isolation?: 'crun' | 'runc' | 'builtin'
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

/** Flags of `longshore history`. */
export interface HistoryFlags {
  readonly quiet?: boolean
  readonly human: boolean | string
  readonly trunc: boolean
  readonly format?: string
}

/** Flags of `longshore image prune`. */
export interface PruneFlags {
  readonly all?: boolean
  readonly force?: boolean
  readonly filter: readonly string[]
}

/** Flags that say which build a question is about. */
export interface ProjectFlags {
  readonly context: string
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly buildContext: readonly string[]
  readonly target?: string
}

/** Flags of `longshore why`. */
export interface WhyFlags extends ProjectFlags {
  readonly last?: boolean
  readonly format: 'text' | 'json'
}

/** Flags of `longshore logs`. */
export interface LogsFlags extends ProjectFlags {
  readonly build: true
}
