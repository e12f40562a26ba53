import { Worker } from 'node:worker_threads'
import pLimit from 'p-limit'
import type { LayerDigests, OverlayXattrs } from '../ports/index.ts'
import { digestLayer, digestSmallLayer } from './digest-layer.ts'

/** Takes less time than waking a thread up, and much less than starting one. */
const smallBytes = 2 * 1024 * 1024

/** What a thread is told, and what it says. */
export interface DigestJob {
  readonly directory: string
  readonly overlay: OverlayXattrs
}
export type DigestAnswer =
  | { readonly kind: 'digested'; readonly digests: LayerDigests }
  /** It could not be read. */
  | { readonly kind: 'failed' }

/** Digests layers beside what else goes on: small ones at once, others in threads. */
export interface LayerDigester {
  /** As `digestLayer`. Rejects with the reason of `signal`. */
  digest(directory: string, overlay: OverlayXattrs, signal: AbortSignal): Promise<LayerDigests>
  /** Starts a thread when there is none, since a large layer may come. */
  warmUp(): void
  /** Ends the threads. */
  close(): Promise<void>
}

/** A digester of up to `threads` threads that run `threadFile` (`digest-thread.ts`); none starts before it is needed. */
export function layerDigester(threadFile: string, threads: number): LayerDigester {
  const limit = pLimit(threads)
  const idle: Worker[] = []
  const all = new Set<Worker>()

  const start = (): Worker => {
    const worker = new Worker(threadFile, { execArgv: [], stdin: false })
    all.add(worker)
    // A thread that breaks is done without, whether it is asked something then or idle.
    worker.on('error', () => undefined)
    worker.on('exit', () => {
      all.delete(worker)
      const at = idle.indexOf(worker)
      if (at !== -1) idle.splice(at, 1)
    })
    // Nothing of the process waits for a thread that has nothing to do.
    worker.unref()
    return worker
  }
  const inThread = async (job: DigestJob, signal: AbortSignal): Promise<LayerDigests> => {
    signal.throwIfAborted()
    const worker = idle.pop() ?? start()
    const answer = await ask(worker, job, signal)
    if (answer === undefined) await worker.terminate()
    else idle.push(worker)
    signal.throwIfAborted()
    // What a thread cannot read is an error that this one meets and throws.
    return answer?.kind === 'digested' ? answer.digests : digestLayer(job.directory, job)
  }

  return {
    async digest(directory, overlay, signal) {
      const small = digestSmallLayer(directory, { overlay }, smallBytes)
      return small ?? limit(() => inThread({ directory, overlay }, signal))
    },
    warmUp() {
      if (all.size === 0) idle.push(start())
    },
    close: async () => {
      await Promise.all([...all].map((worker) => worker.terminate()))
    },
  }
}

/** What the thread answers; undefined when it broke, or is not waited for any more. */
function ask(worker: Worker, job: DigestJob, signal: AbortSignal): Promise<DigestAnswer | undefined> {
  return new Promise((resolve) => {
    const done = (answer?: DigestAnswer): void => {
      worker.off('message', done)
      worker.off('exit', giveUp)
      worker.unref()
      signal.removeEventListener('abort', giveUp)
      resolve(answer)
    }
    const giveUp = (): void => done()
    signal.addEventListener('abort', giveUp)
    worker.ref()
    worker.on('message', done)
    worker.on('exit', giveUp)
    worker.postMessage(job)
  })
}
