import type { SelectionRules, Span } from '../base/index.ts'
import type { CopyOperation } from '../ir/index.ts'
import type { ImageConfig, Platform } from '../oci/index.ts'
import type { LayerOperation } from '../plan/index.ts'
import type { ContextSelection, Layer, LayerStore, MissingSource, RecordStore, StoredImage } from '../ports/index.ts'

/** Result of picking files: what was picked, or what is not there. */
export type SelectResult<T> =
  | { readonly kind: 'selected'; readonly selection: T }
  | { readonly kind: 'missing'; readonly missing: readonly MissingSource[] }

/** The build context, opened lazily: a build without COPY from it never looks at it. */
export interface ContextPort {
  select(sources: readonly string[], spans: readonly Span[], rules?: SelectionRules): SelectResult<ContextSelection>
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

/** Where a COPY takes its files when it runs. */
export type CopySource =
  | { readonly kind: 'context'; readonly selection: ContextSelection }
  | { readonly kind: 'layers'; readonly layers: readonly Layer[] }

export interface ExecuteRequest {
  readonly operation: LayerOperation
  /** Layers of the parent root filesystem, bottom first. */
  readonly parent: readonly Layer[]
  readonly files?: CopySource
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
  readonly signal: AbortSignal
}

/** Runs steps. Nothing it does is seen outside before the layer it returns is complete. */
export interface ExecutorPort {
  /** Executes one operation and returns the layer it made (an older one of the same content is kept in its place). */
  execute(request: ExecuteRequest): Promise<SelectResult<Layer>>
  /** Identity of the files a COPY --from picks out of layers. */
  selectFrom(
    layers: readonly Layer[],
    operation: CopyOperation,
  ): Promise<SelectResult<ContextSelection['contentDigest']>>
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
  readonly clock: ClockPort
}

/** What running needs beside. */
export interface RunPorts extends LookupPorts {
  readonly executor: ExecutorPort
}
