import type { CacheSharing } from '../../grammar/mounts.ts'
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

/** The build context without the packages of a workspace that some of its packages do not need (decision 28). */
export interface WorkspaceFiles {
  readonly kind: 'workspace'
  /** Where the workspace is in the context; empty for its root. */
  readonly root: string
  /** Names, or `./` and a directory. */
  readonly packages: readonly string[]
  /** The directive, for messages. */
  readonly file: string
  readonly span: Span
}

/** Where COPY takes its files from. */
export type FileSource =
  | { readonly kind: 'context' }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: Platform }
  | WorkspaceFiles
  /** A named context of files: a directory, an archive or a repository; `name` as it was given. */
  | { readonly kind: 'named'; readonly name: string }

/** A file that HTTP brings. */
export interface HttpSource {
  readonly kind: 'http'
  /** Without a fragment; may hold a user and password. */
  readonly url: string
  /** Last name of the URL's path. */
  readonly fileName: string
  /** `sha256:…`, `sha384:…` or `sha512:…` of what must come. */
  readonly checksum?: string
}

/** A folder of a commit of a git repository. */
export interface GitSource {
  readonly kind: 'git'
  /** As git takes it: `https://…`, `ssh://…`, `git://…` or `user@host:path`. */
  readonly url: string
  /** Branch, tag, full ref name or commit; absent means the default branch. */
  readonly ref?: string
  /** Folder below the top. */
  readonly subdir?: string
  /** Keeps `.git` (of a whole tree only). */
  readonly keepGitDir: boolean
  readonly submodules: boolean
  /** The commit that must come, or its first digits. */
  readonly checksum?: string
}

/** What is named by an address on the network. */
export type RemoteSource = HttpSource | GitSource

/** Something that ADD fetches. */
export interface RemotePart {
  readonly source: RemoteSource
  /** Number of `CopyOperation.sources` that come before it. */
  readonly after: number
  readonly span: Span
  /** A fetched archive is unpacked. */
  readonly unpack: boolean
}

/** A file out of the Dockerfile: the body of a heredoc, tabs cut and variables expanded where it asks for that. */
export interface InlineFile {
  /** The heredoc's delimiter, without a slash. */
  readonly name: string
  readonly content: string
  /** The `<<NAME` that opens it. */
  readonly span: Span
}

interface MountBase {
  /** Absolute and clean, never `/`. */
  readonly target: string
  /** The flag in the Dockerfile. */
  readonly span: Span
}

/** Files that a mount shows or begins with. */
export interface MountSource {
  readonly from: FileSource
  /** One literal path, relative to the root of `from`; `.` is all of it. A list, as COPY has it. */
  readonly sources: readonly [string]
  readonly sourceSpans: readonly [Span]
}

/** Who owns what a mount makes, and its mode. */
interface MountOwner {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Shows files of the context, a stage or an image. What is written to it is thrown away. */
export interface BindMount extends MountBase, MountSource {
  readonly kind: 'bind'
  readonly readonly: boolean
}

/** A directory that later builds see again; no part of the layer. */
export interface CacheMount extends MountBase, MountOwner {
  readonly kind: 'cache'
  /** Name of the cache, the namespace of `BUILDKIT_CACHE_MOUNT_NS` in front. */
  readonly id: string
  readonly sharing: CacheSharing
  readonly readonly: boolean
  /** What it begins with; empty without. */
  readonly initial?: MountSource
}

/** An empty directory in memory. */
export interface TmpfsMount extends MountBase {
  readonly kind: 'tmpfs'
  readonly sizeBytes?: number
}

/** A file or variable with a value that is in no key, layer, log or history. */
export interface SecretMount extends MountOwner {
  readonly kind: 'secret'
  readonly id: string
  /** Absent when it is only a variable. */
  readonly target?: string
  /** Name of the variable. */
  readonly env?: string
  readonly required: boolean
  readonly span: Span
}

/** The socket of an ssh agent. */
export interface SshMount extends MountBase, MountOwner {
  readonly kind: 'ssh'
  readonly id: string
  readonly required: boolean
}

/** One `--mount` of RUN, expanded and checked. */
export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount

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
  /** `NAME:IP` that its hosts file lists beside the usual ones; absent when there are none. Addresses are no part of the key. */
  readonly addHosts?: readonly string[]
  /** `insecure` lifts the restrictions of a container; the user has allowed it. */
  readonly security: 'sandbox' | 'insecure'
  /** Ordered by depth of their targets. */
  readonly mounts: readonly RunMount[]
  /** A heredoc that is a script of its own: the process sees it as `/dev/pipes/NAME`, mode 0755. */
  readonly script?: InlineFile
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
  /** What ADD fetches, in order; absent when that is nothing. */
  readonly remotes?: readonly RemotePart[]
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
  /** `Stage.index` of every target, in the order asked for, when there are several. */
  readonly targets?: readonly number[]
  /** Number of stages in the Dockerfile, reachable or not. */
  readonly stageCount: number
  /** Warnings (errors end in a `failed` result instead). */
  readonly diagnostics: readonly Diagnostic[]
}

/** What `--build-context` puts in the place of a stage or an image. */
export type NamedContext = { readonly kind: 'image'; readonly reference: string } | { readonly kind: 'files' }

/** What the user asks of the Dockerfile. */
export interface ProgramOptions {
  readonly buildArgs: Readonly<Record<string, string>>
  /** Stage name or index; undefined means the last stage. */
  readonly target?: string
  /** Other stages to build with it. */
  readonly otherTargets?: readonly string[]
  /** Stages that something else was said about, by name or index: each must exist. */
  readonly namedStages?: readonly string[]
  readonly buildPlatform: Platform
  readonly targetPlatform: Platform
  /** Named contexts by `contextKey`. */
  readonly contexts?: Readonly<Record<string, NamedContext>>
  /** `NAME:IP` for the hosts file of every RUN. */
  readonly addHosts?: readonly string[]
  /** RUN --security=insecure may be used. */
  readonly allowInsecure?: boolean
  /** `check`: without a target every stage is looked at, and rules speak that a build keeps quiet. Absent: `build`. */
  readonly level?: 'build' | 'check'
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
  /** Keys of base images nobody can say anything about: they count as empty, and what they might set is not missed. */
  readonly unknownImages?: ReadonlySet<string>
  /** The ignore rule that leaves a path of the context out, for the check of COPY; absent where nobody looked. */
  readonly excludedBy?: ((path: string) => ExcludingRule | undefined) | undefined
}

/** A line of an ignore file. */
export interface ExcludingRule {
  readonly file: string
  readonly line: number
  readonly text: string
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
