import { ToolError } from '../base/index.ts'
import type { CachePlace } from '../ports/index.ts'

/** How long a cache is waited for. */
export interface Patience {
  /** For the answer to a question. */
  readonly answerMs: number
  /** In each such span of a transfer at least `stallBytes` must move. */
  readonly stallMs: number
  readonly stallBytes: number
}

/** A cache is there to save time: one that takes seconds for an answer, or has the pace of a modem, saves none. */
export const defaultPatience: Patience = { answerMs: 5_000, stallMs: 5_000, stallBytes: 128 * 1024 }

/** After failures of this weight a place is left alone; one that let us wait weighs as two. */
const tolerated = 3

/** What an action gets to work with. */
export interface Watched {
  readonly signal: AbortSignal
  /** Tells how far a transfer is, in bytes. */
  readonly moved: (bytes: number) => void
}

/**
 * A cache place that can do no harm: what fails, or takes too long, is told once by `warn`, and counts as nothing found; a
 * place that fails again and again is not asked any more. Only the end of the build itself is thrown (`canceled`), and our own
 * mistakes.
 */
export class GuardedPlace {
  readonly place: CachePlace
  readonly #patience: Patience
  readonly #warn: (error: ToolError) => void
  #failures = 0
  /** The first failure. */
  failure: ToolError | undefined

  constructor(place: CachePlace, patience: Patience, warn: (error: ToolError) => void) {
    this.place = place
    this.#patience = patience
    this.#warn = warn
  }

  get isUsable(): boolean {
    return this.#failures < tolerated
  }

  /** Asks something that takes one answer. Undefined when there is none. */
  ask<T>(signal: AbortSignal, action: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    return this.#guard(signal, async (stop, late) => {
      const { answerMs } = this.#patience
      const end = everySpan(answerMs, () => late(`it gave no answer within ${answerMs / 1000} seconds`))
      try {
        return await action(stop)
      } finally {
        end()
      }
    })
  }

  /**
   * Moves bytes, for as long as they keep moving. Undefined when they do not, or `action` throws. `spans`: how many spans in
   * a row may pass with too few; whoever stores something may take a while when all of it has come.
   */
  transfer<T>(signal: AbortSignal, spans: number, action: (watched: Watched) => Promise<T>): Promise<T | undefined> {
    return this.#guard(signal, async (stop, late) => {
      const { stallMs, stallBytes } = this.#patience
      let bytes = 0
      let before = 0
      const end = everySpan(stallMs * spans, () => {
        if (bytes - before < stallBytes) late(`it moved ${bytes - before} bytes in ${(stallMs * spans) / 1000} seconds`)
        before = bytes
      })
      try {
        return await action({
          signal: stop,
          moved: (now) => {
            bytes = now
          },
        })
      } finally {
        end()
      }
    })
  }

  /** Notes that what the place gave is not sound. */
  blame(error: ToolError): void {
    this.#failed(error, 1)
  }

  async #guard<T>(
    signal: AbortSignal,
    action: (stop: AbortSignal, late: (why: string) => void) => Promise<T>,
  ): Promise<T | undefined> {
    if (!this.isUsable) return undefined
    signal.throwIfAborted()
    const abort = new AbortController()
    let lateness: ToolError | undefined
    const late = (why: string): void => {
      lateness ??= new ToolError('registry-unreachable', `${why}: too slow to be of use`, {
        hint: 'look at the network and at the load of that machine; the build goes on without it',
      })
      abort.abort(lateness)
    }
    const stop = AbortSignal.any([signal, abort.signal])
    try {
      return await untilStopped(action(stop, late), stop)
    } catch (error) {
      signal.throwIfAborted()
      const failure = lateness ?? error
      if (!(failure instanceof ToolError)) throw failure
      this.#failed(failure, lateness === undefined ? 1 : 2)
      return undefined
    }
  }

  #failed(error: ToolError, weight: number): void {
    this.#failures += weight
    if (this.failure !== undefined) return
    this.failure = error
    this.#warn(error)
  }
}

/** How many parts a span is counted in. */
const parts = 10

/**
 * Calls `due` whenever this process has listened for `spanMs`; returns how to end that. Time in which it was too busy to
 * listen does not count: what has come meanwhile was not seen.
 */
function everySpan(spanMs: number, due: () => void): () => void {
  let count = 0
  const timer = setInterval(() => {
    count += 1
    if (count % parts === 0) due()
  }, spanMs / parts)
  return () => clearInterval(timer)
}

/** What `promise` gives, but rejects as soon as the signal fires, whether the work behind it heeds that or not. */
function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
