import type { Diagnostic, SelectionRules, Span, StepKey } from '../base/index.ts'
import type { FileSource, RemotePart } from '../ir/index.ts'
import type { ImageConfig, Platform } from '../oci/index.ts'
import type { Epoch, LayerOperation, MountInput, Step, TreeSource } from '../plan/index.ts'
import type {
  ContextSelection,
  KeyComponents,
  Layer,
  LayerStore,
  MissingSource,
  RecordStore,
  StoredImage,
} from '../ports/index.ts'

/** Result of picking files: what was picked, or what is not there. */
export type SelectResult<T> =
  | { readonly kind: 'selected'; readonly selection: T }
  | { readonly kind: 'missing'; readonly missing: readonly MissingSource[] }

/**
 * The build context, opened lazily: a build without COPY from it never looks at it. It is open for one build: what it saw
 * once it does not look at again, so that all steps of a build are given the same files.
 */
export interface ContextPort {
  select(sources: readonly string[], spans: readonly Span[], rules?: SelectionRules): SelectResult<ContextSelection>
}

/** A tree outside of any image, opened. */
export interface OpenTree extends ContextPort {
  /** Directory on this machine that `select` answers for. */
  readonly root: string
}

/** Contexts, and what ADD fetches. */
export interface TreePort {
  /**
   * Makes sure that the tree is on this machine and is what its address means now. Emits its own tasks; returns what the user
   * has to mend before there is such a tree; throws `ToolError`.
   */
  fetch(source: TreeSource): Promise<readonly Diagnostic[]>
  /** A tree that was fetched. */
  open(source: TreeSource): OpenTree
}

/** Images by the reference text of the Dockerfile. */
export interface ImagePort {
  /** A stored image that answers to the reference and has the platform; no network. */
  find(reference: string, platform: Platform): StoredImage | undefined
  /** Pulls the image, layers included, unless the store has the very same; emits its own tasks. */
  pull(reference: string, platform: Platform): Promise<StoredImage>
  /** Fetches only manifest and config, for `--plan`. */
  inspect(reference: string, platform: Platform): Promise<ImageConfig>
}

/** What a COPY takes from one tree. */
export interface TreePart {
  readonly root: string
  readonly selection: ContextSelection
  /** Archives among the files are unpacked. */
  readonly unpack: boolean
}

/** Files that a step takes: the sources of a COPY, or what a mount shows. */
export interface WantedFiles {
  readonly from: FileSource
  readonly sources: readonly string[]
  readonly sourceSpans: readonly Span[]
  /** What ADD fetches. */
  readonly remotes?: readonly RemotePart[]
  readonly unpack?: boolean
  /** What --exclude leaves out, and whether --parents keeps directories. */
  readonly rules?: SelectionRules
}

/** Where a step takes its files when it runs. */
export type CopySource =
  | { readonly kind: 'context'; readonly selection: ContextSelection }
  /** Several trees, or one that is not the build context; copied in order. */
  | { readonly kind: 'trees'; readonly parts: readonly TreePart[] }
  | { readonly kind: 'layers'; readonly layers: readonly Layer[] }

/** A mount of RUN, and where its files are. */
export interface MountFiles {
  readonly mount: MountInput['mount']
  readonly digest: ContextSelection['contentDigest']
  readonly source: CopySource
}

export interface ExecuteRequest {
  readonly operation: LayerOperation
  /** Layers of the parent root filesystem, bottom first. */
  readonly parent: readonly Layer[]
  readonly files?: CopySource
  readonly mounts: readonly MountFiles[]
  /** What the layer is dated to. */
  readonly epoch?: Epoch | undefined
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
  readonly signal: AbortSignal
}

/** Runs steps. Nothing it does is seen outside before the layer it returns is complete. */
export interface ExecutorPort {
  /** Executes one operation and returns the layer it made (an older one of the same content is kept in its place). */
  execute(request: ExecuteRequest): Promise<SelectResult<Layer>>
  /** Identity of the files that a COPY --from or a mount picks out of layers. */
  selectFrom(layers: readonly Layer[], wanted: WantedFiles): Promise<SelectResult<ContextSelection['contentDigest']>>
}

/** The right to execute a step, held until it is given back or the process ends, however it ends. */
export interface Claim {
  release(): void
}

/** Sees to it that of all processes that share a store one executes a step. */
export interface ClaimPort {
  /** Claims a key; undefined when another process has it. */
  tryClaim(key: StepKey): Claim | undefined
  /** Claims a key as soon as nobody has it. Rejects with the signal's reason. */
  waitForClaim(key: StepKey, signal: AbortSignal): Promise<Claim>
}

export interface ClockPort {
  /** Milliseconds since the epoch. */
  nowMs(): number
}

/** What a look-up needs: reads only. */
export interface LookupPorts {
  readonly records: RecordStore
  readonly layers: LayerStore
  readonly images: ImagePort
  readonly context: ContextPort
  readonly trees: TreePort
  readonly clock: ClockPort
}

/**
 * Results that other stores share through caches elsewhere. What is asked for comes into the store, checked; what is
 * offered is sent while the build goes on. Nothing here fails a build or holds it up: only the build's own end is thrown.
 */
export interface RemoteResultsPort {
  /**
   * Brings the result of a step into the store; false when no cache has it. `onFound` is told what its layer is said to hold
   * as soon as an entry was found, before that is checked. The same key asked for again meanwhile is fetched once.
   */
  fetchStep(
    step: Step,
    key: StepKey,
    components: KeyComponents,
    onFound?: (contentDigest: ContextSelection['contentDigest']) => void,
  ): Promise<boolean>
  /** Brings the identity of picked files into the store; false when no cache has it. */
  fetchSelection(key: StepKey): Promise<boolean>
  /** Offers the result that the store has of a step. */
  offerStep(step: Step, key: StepKey): void
  /** Offers the identity of picked files that the store has. */
  offerSelection(key: StepKey): void
}

/** What running needs beside. */
export interface RunPorts extends LookupPorts {
  readonly executor: ExecutorPort
  readonly claims: ClaimPort
  /** Absent without caches elsewhere. */
  readonly remoteResults?: RemoteResultsPort
}
