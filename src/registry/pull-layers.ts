import pLimit from 'p-limit'
import type { Descriptor } from '../oci/index.ts'

/** Takes one layer: must read `stream` to its end, since only then is it verified, and store it after that. */
export type LayerSink = (descriptor: Descriptor, stream: AsyncIterable<Uint8Array>) => Promise<void>

export interface PullOptions {
  /** How many layers are fetched at a time; 4 when absent. */
  readonly parallel?: number
  readonly signal?: AbortSignal
  /** Called with a layer's bytes received so far. */
  readonly onProgress?: (descriptor: Descriptor, receivedBytes: number) => void
}

/**
 * Gives each different layer to `sink`, some at a time, in the order listed. The first failure cancels the others and
 * is thrown when all have ended.
 */
export async function pullEach(
  layers: readonly Descriptor[],
  fetch: (descriptor: Descriptor, signal: AbortSignal) => AsyncIterable<Uint8Array>,
  sink: LayerSink,
  options: PullOptions,
): Promise<void> {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const failures: unknown[] = []
  const different = [...new Map(layers.map((layer) => [layer.digest, layer])).values()]
  const limit = pLimit(Math.max(1, options.parallel ?? 4))
  const pullOne = async (layer: Descriptor): Promise<void> => {
    if (stop.signal.aborted) return
    try {
      await sink(layer, fetch(layer, signal))
    } catch (error) {
      failures.push(error)
      stop.abort()
    }
  }
  await Promise.all(different.map((layer) => limit(pullOne, layer)))
  if (failures.length > 0) throw failures[0]
}
