/**
 * What the threads of `LayerDigester` run. The first digests the layers it is told of; the other, which it starts,
 * hashes the tars. A layer that cannot be read is left to who asked.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { invariant } from '../base/index.ts'
import { ChunkRing } from './chunk-ring.ts'
import { digestThroughRing } from './digest-layer.ts'
import type { DigestAnswer, DigestJob } from './layer-digester.ts'

if (workerData instanceof SharedArrayBuffer) new ChunkRing(workerData).hashAll()

invariant(parentPort !== null, 'this runs in a thread')
const port = parentPort
const ring = new ChunkRing()
const hasher = new Worker(import.meta.filename, { workerData: ring.memory })
hasher.unref()

port.on('message', ({ directory, overlay }: DigestJob) => {
  port.postMessage(answer(directory, { overlay }))
})

function answer(directory: string, options: { readonly overlay: DigestJob['overlay'] }): DigestAnswer {
  try {
    return { kind: 'digested', digests: digestThroughRing(directory, options, ring) }
  } catch {
    // Read again by who asked, which meets the same and has it as an error of its own.
    return { kind: 'failed' }
  }
}
