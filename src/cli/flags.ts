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
  readonly trunc: boolean
  readonly format?: 'table' | 'json'
}
