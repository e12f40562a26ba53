/**
 * The program of the processes that `LayerDigester` starts: digests the layers it is told of, and has a thread that
 * hashes the tars. A layer that cannot be read is left to who asked. Ends with the one that started it. It is a process,
 * not a thread, since a thread that is ended while it loads the FFI takes its process along.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { ChunkRing } from './chunk-ring.ts'
import { digestThroughRing } from './digest-layer.ts'
import type { DigestAnswer, DigestJob } from './digest-message.ts'
import { decodeJob } from './digest-message.ts'

if (isMainThread) digestAsTold()
else hashTars()

function hashTars(): never {
  return new ChunkRing(workerData).hashAll()
}

function digestAsTold(): void {
  const ring = new ChunkRing()
  const hasher = new Worker(import.meta.filename, { workerData: ring.memory, execArgv: [] })
  hasher.unref()
  process.on('message', (message) => process.send?.(answer(decodeJob(message), ring)))
  process.on('disconnect', () => process.exit())
}

function answer({ directory, overlay, from }: DigestJob, ring: ChunkRing): DigestAnswer {
  const goOn = (): void => {
    if (process.ppid !== from) process.exit()
  }
  try {
    return { kind: 'digested', digests: digestThroughRing(directory, { overlay }, ring, goOn) }
  } catch {
    // Read again by who asked, which meets the same and has it as an error of its own.
    return { kind: 'failed' }
  }
}
