import {
  type ContentDigest,
  digestOf,
  parseContentDigest,
  type SelectableTree,
  type StepKey,
  selectFiles,
  ToolError,
} from '../../src/base/index.ts'
import type {
  ClaimPort,
  ContextPort,
  ExecuteRequest,
  ExecutorPort,
  ImagePort,
  RunPorts,
  SelectResult,
} from '../../src/build/index.ts'
import { matchPlatform } from '../../src/oci/index.ts'
import type { Layer, StepRecord, StoredImage } from '../../src/ports/index.ts'
import { paperLayer } from './layers.ts'
import { type MemoryLayers, memoryLayers, memoryRecords } from './memory-store.ts'
import { memoryTree } from './memory-tree.ts'

type Make = (request: ExecuteRequest) => Promise<SelectResult<Layer>> | SelectResult<Layer>

/** Ports made in memory: a context of named texts, an executor that is told what each step makes. */
export interface MemoryPorts extends RunPorts {
  readonly layers: MemoryLayers
  /** Context files: path to text. */
  readonly files: Map<string, string>
  /** Images of the registry, by reference. */
  readonly remote: Map<string, StoredImage>
  /** Texts of the operations executed, in order of their start. */
  readonly executed: string[]
  /** What a step makes, by its text; by default a layer named after text, parent and files. */
  readonly makes: Map<string, Make>
  /** Files of a layer, for `COPY --from`: path to text. */
  readonly layerTrees: Map<ContentDigest, ReadonlyMap<string, string>>
  readonly stored: ReadonlyMap<StepKey, StepRecord>
}

/** Fresh, empty ports. */
export function memoryPorts(): MemoryPorts {
  const files = new Map<string, string>()
  const remote = new Map<string, StoredImage>()
  const executed: string[] = []
  const makes: MemoryPorts['makes'] = new Map()
  const layerTrees: MemoryPorts['layerTrees'] = new Map()
  const layers = memoryLayers()
  const records = memoryRecords()
  let nowMs = Date.parse('2026-01-01T00:00:00Z')
  return {
    files,
    remote,
    executed,
    makes,
    layerTrees,
    stored: records.stored,
    clock: { nowMs: () => (nowMs += 10) },
    records,
    layers,
    images: memoryImagePort(remote),
    context: memoryContext(files),
    trees: {
      fetch: () => Promise.reject(new Error('no trees in memory')),
      open: () => {
        throw new Error('no trees in memory')
      },
    },
    claims: memoryClaims(),
    executor: memoryExecutor(layers, executed, makes, layerTrees),
  }
}

/** A context of named texts. */
export function memoryContext(files: ReadonlyMap<string, string>): ContextPort {
  return { select: (sources, spans, rules) => selectFiles(memoryTree(files), sources, spans, rules) }
}

/** Images of a registry in memory; a pulled one is found from then on. */
export function memoryImagePort(remote: Pick<ReadonlyMap<string, StoredImage>, 'get'>): ImagePort {
  const pulled = new Map<string, StoredImage>()
  const fetch = async (reference: string): Promise<StoredImage> => {
    const image = remote.get(reference)
    if (image === undefined) throw new ToolError('registry-not-found', `no image ${reference}`)
    return image
  }
  return {
    find(reference, platform) {
      const image = pulled.get(reference)
      return image !== undefined && matchPlatform(platform, image.config.platform) ? image : undefined
    },
    async pull(reference) {
      const image = await fetch(reference)
      pulled.set(reference, image)
      return image
    },
    inspect: async (reference) => (await fetch(reference)).config,
  }
}

/** Claims of one process: nobody else has any. */
function memoryClaims(): ClaimPort {
  const claim = { release: () => undefined }
  return { tryClaim: () => claim, waitForClaim: () => Promise.resolve(claim) }
}

function memoryExecutor(
  layers: MemoryLayers,
  executed: string[],
  makes: ReadonlyMap<string, Make>,
  layerTrees: MemoryPorts['layerTrees'],
): ExecutorPort {
  const rootOf = (from: readonly Layer[]): SelectableTree => {
    const files = from.flatMap((layer) => [...(layerTrees.get(layer.contentDigest) ?? [])])
    return memoryTree(new Map(files))
  }
  const missingSource = (request: ExecuteRequest): Extract<SelectResult<never>, { kind: 'missing' }> | undefined => {
    const { operation, files } = request
    if (operation.kind !== 'copy' || files?.kind !== 'layers' || !knownTrees(files.layers)) return undefined
    const result = selectFiles(rootOf(files.layers), operation.sources, operation.sourceSpans, operation.rules)
    return result.kind === 'missing' ? result : undefined
  }
  const knownTrees = (from: readonly Layer[]): boolean => from.some((layer) => layerTrees.has(layer.contentDigest))
  return {
    async execute(request) {
      request.signal.throwIfAborted()
      const { text } = request.operation.origin
      executed.push(text)
      const missing = missingSource(request)
      if (missing !== undefined) return missing
      const make = makes.get(text)
      const result = make === undefined ? defaultLayer(request) : await make(request)
      if (result.kind === 'missing') return result
      const kept = layers.layerByContent(result.selection.contentDigest) ?? layers.keep(result.selection)
      return { kind: 'selected', selection: kept }
    },
    async selectFrom(from, { sources, sourceSpans, rules }) {
      if (!knownTrees(from)) {
        return { kind: 'selected', selection: digest(`${sources} of ${from.map((layer) => layer.contentDigest)}`) }
      }
      const result = selectFiles(rootOf(from), sources, sourceSpans, rules)
      return result.kind === 'missing' ? result : { kind: 'selected', selection: result.selection.contentDigest }
    },
  }
}

function digest(text: string): ContentDigest {
  return parseContentDigest(digestOf(text))
}

/** The layer a deterministic step makes: a function of what it does and reads. */
function defaultLayer(request: ExecuteRequest): SelectResult<Layer> {
  const files = request.files?.kind === 'context' ? request.files.selection.contentDigest : ''
  const parent = request.parent.map((layer) => layer.contentDigest).join()
  return { kind: 'selected', selection: paperLayer(`${request.operation.origin.text} ${parent} ${files}`) }
}
