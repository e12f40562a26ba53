import type { Diagnostic, SelectionRules, Span } from '../base/index.ts'
import type { ParsedDockerfile } from '../dockerfile/ast.ts'
import type { ContainerConfig, ImageConfig, Platform } from '../oci/types.ts'

/** Where an operation comes from, for errors, `why` and progress. */
export interface Origin {
  /** Name of the source: the Dockerfile as given, or `ONBUILD of IMAGE` for a trigger. */
  readonly file: string
  /** The whole instruction. For a trigger of a pulled image: the FROM that brought it. */
  readonly span: Span
  /** One-based first and last line of `span`. */
  readonly startLine: number
  readonly endLine: number
  /** The instruction as one line, as progress shows it: `COPY --from=build /out /app`. */
  readonly text: string
}

/** What a stage starts from. */
export type StageBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: Platform }

/** Where COPY takes its files from. */
export type FileSource =
  | { readonly kind: 'context' }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: Platform }

/** A file out of the Dockerfile: the body of a heredoc, tabs cut and variables expanded where it asks for that. */
export interface InlineFile {
  /** The heredoc's delimiter, without a slash. */
  readonly name: string
  readonly content: string
  /** The `<<NAME` that opens it. */
  readonly span: Span
}

/** Runs a process in the stage's root filesystem. */
export interface RunOperation {
  readonly kind: 'run'
  readonly origin: Origin
  /** The full argument vector, the stage's shell included for the shell form. */
  readonly args: readonly string[]
  /** `K=V` in order: ENV, then the ARGs in scope that no ENV hides; PATH always present. */
  readonly env: readonly string[]
  /**
   * `K=V` of proxy build arguments that no ARG declares and no ENV sets, in both cases of the name. Given to the
   * process like `env`, but no part of the step's key nor of the history.
   */
  readonly proxyEnv: readonly string[]
  /** Absolute working directory. */
  readonly cwd: string
  /** `user[:group]` as USER set it, empty for root; resolved in the root filesystem when it runs. */
  readonly user: string
  readonly network: 'default' | 'none' | 'host'
  /** Host name that the process sees, where BUILDKIT_SANDBOX_HOSTNAME gives one. */
  readonly hostname?: string
  readonly createdBy: string
}

/** Copies files into the stage's root filesystem (COPY and ADD of local files). */
export interface CopyOperation {
  readonly kind: 'copy'
  readonly origin: Origin
  readonly from: FileSource
  /** Source patterns, expanded, relative to the root of `from`; leading `/` and `..` already cut; `.` or empty is the root. */
  readonly sources: readonly string[]
  /** Span of each source in the Dockerfile, for "not found" errors. */
  readonly sourceSpans: readonly Span[]
  /** Heredocs, copied after `sources` under their names: regular files, 0:0, mode 0644, time 0; part of the key. */
  readonly inline?: readonly InlineFile[]
  /** Absolute; ends in `/` when the instruction's destination did (or was a directory form such as `.`). */
  readonly destination: string
  /** `user[:group]` of --chown, resolved in the destination's passwd and group; undefined keeps (context: 0:0). */
  readonly chown?: string
  /** --chmod as written, octal or symbolic, validated. */
  readonly chmod?: string
  /** --exclude and --parents, where they are given; with --parents a source may have one `/./`. */
  readonly rules?: SelectionRules
  /** --link: the layer is made on an empty root filesystem, without looking at what is below. */
  readonly link?: true
  /** ADD: local tar archives (found by content) are unpacked; --unpack=false leaves them whole. */
  readonly unpack: boolean
  readonly createdBy: string
}

/** Makes the working directory when it is missing. Absent for `/`. */
export interface WorkdirOperation {
  readonly kind: 'workdir'
  readonly origin: Origin
  /** Absolute, cleaned. */
  readonly path: string
  /** USER at this point; owner of what is created. */
  readonly user: string
  readonly createdBy: string
}

/** Changes only the config: a history entry without a layer. The config itself is folded into `Stage.config`. */
export interface MetadataOperation {
  readonly kind: 'metadata'
  readonly origin: Origin
  readonly createdBy: string
}

export type Operation = RunOperation | CopyOperation | WorkdirOperation | MetadataOperation

/** A stage the target needs, every word of it expanded. */
export interface Stage {
  /** Index in the Dockerfile, from 0. */
  readonly index: number
  /** The lower-cased AS name, or the index as text. */
  readonly name: string
  readonly base: StageBase
  readonly platform: Platform
  readonly operations: readonly Operation[]
  /** The image config at the end of the stage: the base's with all changes. */
  readonly config: ContainerConfig
  readonly author?: string
  readonly origin: Origin
}

/** A whole build, ready to plan: the reachable stages only, each after those it needs. */
export interface Program {
  readonly stages: readonly Stage[]
  /** `Stage.index` of the target. */
  readonly target: number
  /** Number of stages in the Dockerfile, reachable or not. */
  readonly stageCount: number
  /** Warnings (errors end in a `failed` result instead). */
  readonly diagnostics: readonly Diagnostic[]
}

/** What the user asks of the Dockerfile. */
export interface ProgramOptions {
  readonly buildArgs: Readonly<Record<string, string>>
  /** Stage name or index; undefined means the last stage. */
  readonly target?: string
  readonly buildPlatform: Platform
  readonly targetPlatform: Platform
}

/**
 * Facts about images, by `NeededImage.key`. A base image that is missing is asked for by a `needs-images` result.
 */
export type ImageFacts = ReadonlyMap<string, ImageConfig>

/** What lowering has to be told about the world. */
export interface LowerFacts {
  readonly images: ImageFacts
  /** Parsed ONBUILD triggers of base images, by their text. */
  readonly triggers: ReadonlyMap<string, ParsedDockerfile>
}

/** An ONBUILD text of a base image that has to be parsed (`parseTrigger`). */
export interface NeededTrigger {
  readonly text: string
  /** Name of its source for the parser: `ONBUILD of IMAGE`. */
  readonly sourceName: string
}

export interface NeededImage {
  /** Key of its facts: the reference, then a blank and the platform when that is not the target platform. */
  readonly key: string
  readonly reference: string
  readonly platform: Platform
  /** Whether its config is needed to go on (FROM), or only its files (COPY --from). */
  readonly use: 'base' | 'files'
  readonly origin: Origin
}

/**
 * Lowering is a pure function asked again until it is content: `needs-images` lists the configs to fetch (all that can
 * be known so far, base images of reachable stages only; images of `files` use come along to be fetched early and hold
 * nothing up), `needs-triggers` the ONBUILD texts to parse; then it is called with them added to the facts.
 */
export type LowerResult =
  | { readonly kind: 'needs-images'; readonly images: readonly NeededImage[] }
  | { readonly kind: 'needs-triggers'; readonly triggers: readonly NeededTrigger[] }
  | { readonly kind: 'program'; readonly program: Program }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }
