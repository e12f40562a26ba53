import { createReadStream } from 'node:fs'
import pLimit from 'p-limit'
import { type ContentDigest, digestHex, type StepKey, ToolError } from '../base/index.ts'
import { digestTar } from '../layer/index.ts'
import type { Step } from '../plan/index.ts'
import type { KeyComponents, OverlayXattrs, StepRecord } from '../ports/index.ts'
import {
  decodeSelectionResult,
  decodeStepResult,
  entryName,
  type GuardedPlace,
  type StepResult,
  type TravellingLayer,
  type Watched,
} from '../remote-cache/index.ts'
import type { Store } from '../store/index.ts'
import type { Session } from '../store/session.ts'
import type { SeenEntries } from './seen-entries.ts'
import type { TaskSettings } from './task.ts'

/** What fetching and sending of results works with. */
export interface ResultSettings extends TaskSettings {
  readonly store: Store
  readonly session: Session
  readonly overlay: OverlayXattrs
  readonly signal: AbortSignal
  readonly seen: SeenEntries
}

const readBytes = 1 << 20
/** Layers on their way at the same time. */
const parallelDownloads = 4

/**
 * Brings results of steps from cache places into the store. All places are asked at once, and the first that has a sound one is
 * taken. A layer counts only when its blob has the digest, the diffId and the content digest that its entry says, and is kept
 * packed. Whatever is wrong with a place is its guard's to tell, and means that it has nothing.
 */
export class ResultFetcher {
  readonly #settings: ResultSettings
  readonly #places: readonly GuardedPlace[]
  readonly #running = new Map<StepKey, Promise<boolean>>()
  readonly #limit = pLimit(parallelDownloads)

  constructor(settings: ResultSettings, places: readonly GuardedPlace[]) {
    this.#settings = settings
    this.#places = places
  }

  fetchStep(
    step: Step,
    key: StepKey,
    components: KeyComponents,
    onFound?: (contentDigest: ContentDigest) => void,
  ): Promise<boolean> {
    return this.#once(key, (place) => this.#takeStep(place, step, { key, components }, onFound))
  }

  fetchSelection(key: StepKey): Promise<boolean> {
    return this.#once(key, async (place) => {
      const found = await this.#find(place, key, decodeSelectionResult)
      if (found !== undefined) this.#settings.store.records.writeSelection(found)
      return found !== undefined
    })
  }

  /** Resolves when nothing is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  /** Whether one of the places has it; who asks for the same key meanwhile waits for the same answer. */
  #once(key: StepKey, take: (place: GuardedPlace) => Promise<boolean>): Promise<boolean> {
    const known = this.#running.get(key)
    if (known !== undefined) return known
    const asked = this.#places.filter(({ isUsable }) => isUsable)
    const answer = firstTrue(asked.map(take)).finally(() => this.#running.delete(key))
    this.#running.set(key, answer)
    return answer
  }

  async #takeStep(
    place: GuardedPlace,
    step: Step,
    { key, components }: Pick<StepRecord, 'key' | 'components'>,
    onFound?: (contentDigest: ContentDigest) => void,
  ): Promise<boolean> {
    const { store } = this.#settings
    const found = await this.#find(place, key, decodeStepResult)
    if (found === undefined) return false
    onFound?.(found.layer.contentDigest)
    if (!(await this.#bring(place, step, found))) {
      this.#settings.seen.broken(place, entryName(key))
      return false
    }
    const { durationMs, created, layer } = found
    const { diffId, contentDigest } = layer
    const { text } = step.operation.origin
    // What the key was made of is known here, and never taken from elsewhere.
    const record = { key, components, text, diffId, contentDigest, durationMs, created, hasLog: false }
    store.records.writeRecord(record, undefined)
    return true
  }

  async #find<T>(
    guarded: GuardedPlace,
    key: StepKey,
    decode: (key: StepKey, document: Uint8Array) => T,
  ): Promise<T | undefined> {
    const { signal, seen } = this.#settings
    const name = entryName(key)
    const document = await guarded.ask(signal, (stop) => guarded.place.readEntry(name, stop))
    if (document === undefined) return undefined
    try {
      const decoded = decode(key, document)
      seen.found(guarded, name)
      return decoded
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      seen.broken(guarded, name)
      guarded.blame(error)
      return undefined
    }
  }

  /** Sees to it that the store has the layer of a result. */
  async #bring(guarded: GuardedPlace, { index, label }: Step, { layer }: StepResult): Promise<boolean> {
    const { store, session, signal, emit } = this.#settings
    session.lease([store.layers.name(layer.diffId)])
    const own = store.layers.layer(layer.diffId)
    if (own !== undefined && store.layers.isPresent(layer.diffId)) {
      if (own.contentDigest === layer.contentDigest) return true
      guarded.blame(notAsSaid(layer, `the layer ${layer.diffId}`, own.contentDigest, layer.contentDigest))
      return false
    }
    const task = `cache-${guarded.place.name}-${index}`
    const startMs = this.#settings.nowMs()
    emit({ kind: 'task-start', task, label: `[cache] ${label}, from the ${guarded.place.name}`, timeMs: startMs })
    const done = await this.#limit(() =>
      guarded.transfer(signal, 1, (watched) => this.#download(guarded, layer, watched, task)),
    )
    const timeMs = this.#settings.nowMs()
    const failure = done === true ? {} : { error: 'not taken from there' }
    const status = done === true ? 'done' : 'failed'
    emit({ kind: 'task-end', task, status, ...failure, durationMs: timeMs - startMs, timeMs })
    return done === true
  }

  /** Reads a blob into the store and checks it on the way; the layer is there when it is all that its entry says. */
  async #download(guarded: GuardedPlace, layer: TravellingLayer, watched: Watched, task: string): Promise<true> {
    const { store, session, overlay, emit } = this.#settings
    const { blob, ...said } = layer
    const isHere = store.blobs.has(blob.digest)
    const source = isHere ? this.#storedBlob(blob) : guarded.place.readBlob(blob, watched.signal)
    const writer = isHere ? undefined : store.blobs.open(blob.digest)
    async function* taken(): AsyncGenerator<Uint8Array> {
      let bytes = 0
      for await (const chunk of source) {
        bytes += chunk.length
        if (bytes > blob.size) throw notAsSaid(layer, `the size of ${blob.digest}`, `over ${blob.size}`, blob.size)
        writer?.write(chunk)
        watched.moved(bytes)
        yield chunk
      }
      if (bytes !== blob.size) throw notAsSaid(layer, `the size of ${blob.digest}`, bytes, blob.size)
    }
    try {
      const { hasDevices, ...found } = await digestTar(taken(), watched.signal)
      for (const field of ['diffId', 'contentDigest', 'sizeBytes', 'entries'] as const)
        if (found[field] !== said[field]) throw notAsSaid(layer, field, found[field], said[field])
      if (hasDevices && overlay === 'user') {
        throw new ToolError('not-supported', `the layer ${layer.diffId} has device nodes, which only root can make`, {
          hint: 'build as root to use it',
        })
      }
      watched.signal.throwIfAborted()
      writer?.commit()
      const directory = session.makeDirectory('packed')
      store.layers.adopt({ ...said, blob, packed: true, directory })
      emit({
        kind: 'task-progress',
        task,
        name: digestHex(blob.digest).slice(0, 12),
        bytes: blob.size,
        totalBytes: blob.size,
        timeMs: this.#settings.nowMs(),
      })
      return true
    } finally {
      writer?.discard()
    }
  }

  #storedBlob({ digest }: TravellingLayer['blob']): AsyncIterable<Uint8Array> {
    return createReadStream(this.#settings.store.blobs.path(digest), { highWaterMark: readBytes })
  }
}

function notAsSaid(layer: TravellingLayer, what: string, found: string | number, said: string | number): ToolError {
  const message = `the layer ${layer.diffId} is not what its cache entry says: ${what} is ${found}, expected ${said}`
  return new ToolError('blob-mismatch', message, {
    hint: 'the cache is damaged or was tampered with: clear it, or name another',
  })
}

/** True as soon as one of `answers` is; false when none is. Rejects as soon as one does before that. */
function firstTrue(answers: readonly Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    for (const answer of answers) answer.then((is) => is && resolve(true), reject)
    Promise.all(answers).then(() => resolve(false), reject)
  })
}
