import { type ContentDigest, digestOf, parseContentDigest, type StepKey } from '../../src/base/index.ts'
import type { ExecuteRequest, RunPorts, SelectResult } from '../../src/build/index.ts'
import type { ContextSelection, Layer, SelectionRecord, StepRecord } from '../../src/ports/index.ts'
import { paperLayer } from './layers.ts'

/** Ports made in memory: a context of named texts, an executor that is told what each step makes. */
export interface MemoryPorts extends RunPorts {
  /** Context files: path to text. */
  readonly files: Map<string, string>
  /** Texts of the operations executed, in order of their start. */
  readonly executed: string[]
  /** What a step makes, by its text; by default a layer named after text, parent and files. */
  readonly makes: Map<string, (request: ExecuteRequest) => Promise<SelectResult<Layer>> | SelectResult<Layer>>
  readonly stored: Map<StepKey, StepRecord>
}

/** Fresh, empty ports. */
export function memoryPorts(): MemoryPorts {
  const files = new Map<string, string>()
  const executed: string[] = []
  const makes: MemoryPorts['makes'] = new Map()
  const stored = new Map<StepKey, StepRecord>()
  const selections = new Map<StepKey, SelectionRecord>()
  const layers = new Map<string, Layer>()
  const byContent = new Map<ContentDigest, Layer>()
  let nowMs = Date.parse('2026-01-01T00:00:00Z')
  const keep = (layer: Layer): Layer => {
    const known = byContent.get(layer.contentDigest) ?? layer
    byContent.set(known.contentDigest, known)
    layers.set(known.diffId, known)
    return known
  }
  return {
    files,
    executed,
    makes,
    stored,
    clock: { nowMs: () => (nowMs += 10) },
    records: {
      readRecord: (key) => stored.get(key),
      writeRecord: (record) => void stored.set(record.key, record),
      readSelection: (key) => selections.get(key),
      writeSelection: (record) => void selections.set(record.key, record),
    },
    layers: { layer: (diffId) => layers.get(diffId), layerByContent: (digest) => byContent.get(digest) },
    images: {
      find: () => undefined,
      pull: () => Promise.reject(new Error('no images in memory')),
      inspect: () => Promise.reject(new Error('no images in memory')),
    },
    context: { select: (sources, spans) => select(files, sources, spans) },
    executor: {
      async execute(request) {
        const { text } = request.operation.origin
        executed.push(text)
        const make = makes.get(text)
        const result = make === undefined ? defaultLayer(request) : await make(request)
        return result.kind === 'selected' ? { kind: 'selected', selection: keep(result.selection) } : result
      },
      selectFrom: async (from, { sources }) => ({
        kind: 'selected',
        selection: digest(`${sources} of ${from.map((layer) => layer.contentDigest)}`),
      }),
    },
  }
}

function digest(text: string): ContentDigest {
  return parseContentDigest(digestOf(text))
}

function select(
  files: ReadonlyMap<string, string>,
  sources: readonly string[],
  spans: Parameters<RunPorts['context']['select']>[1],
): SelectResult<ContextSelection> {
  const missing = sources.flatMap((pattern, index) =>
    files.has(pattern) ? [] : [{ pattern, span: spans[index] ?? { start: 0, end: 0 } }],
  )
  if (missing.length > 0) return { kind: 'missing', missing }
  const contentDigest = digest(JSON.stringify(sources.map((source) => files.get(source))))
  return { kind: 'selected', selection: { sources: [], contentDigest, files: sources.length, sizeBytes: 0 } }
}

/** The layer a deterministic step makes: a function of what it does and reads. */
function defaultLayer(request: ExecuteRequest): SelectResult<Layer> {
  const files = request.files?.kind === 'context' ? request.files.selection.contentDigest : ''
  const parent = request.parent.map((layer) => layer.contentDigest).join()
  return { kind: 'selected', selection: paperLayer(`${request.operation.origin.text} ${parent} ${files}`) }
}
