/** Flags of `longshore build` as commander gives them. */
export interface BuildFlags {
  readonly tag: readonly string[]
  readonly file?: string
  readonly buildArg: readonly string[]
  readonly label: readonly string[]
  readonly target?: string
  readonly cache: boolean
  readonly pull?: boolean
  readonly network: 'default' | 'none' | 'host'
  readonly jobs?: number
  readonly output: readonly string[]
  readonly iidfile?: string
  readonly quiet?: boolean
  readonly progress: 'auto' | 'plain' | 'quiet' | 'rawjson'
  readonly plan?: boolean
  readonly format: 'text' | 'json'
  readonly isolation?: 'crun' | 'runc' | 'builtin'
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
