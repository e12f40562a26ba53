import pLimit from 'p-limit'
import { type StepKey, ToolError } from '../base/index.ts'
import type { Step } from '../plan/index.ts'
import type { CacheBlob, Layer } from '../ports/index.ts'
import {
  decodeSelectionResult,
  decodeStepResult,
  type EncodedEntry,
  encodeSelectionResult,
  encodeStepResult,
  entryName,
  type GuardedPlace,
} from '../remote-cache/index.ts'
import type { ResultSettings } from './fetch-results.ts'
import { findLayerBlob, makeLayerBlob } from './layer-blob.ts'
import type { LayerCompressionChoice } from './layer-compression.ts'
import { runTask } from './task.ts'

export interface SenderOptions {
  readonly compression: LayerCompressionChoice
  /** Steps whose results are sent, by `Step.index`; all when absent. */
  readonly steps?: ReadonlySet<number>
  /** False: `finish` throws when something could not be sent. */
  readonly ignoreError: boolean
}

/** Entries on their way at the same time. */
const parallelSends = 4
/** Spans of a transfer that may pass without progress: who stores something large needs a while at its end. */
const patientSpans = 2

/** Makes the blobs of layers, each once for all caches they go to. */
export class LayerBlobs {
  readonly #settings: ResultSettings
  /** Compressing uses all processors, beside steps that want them more. */
  readonly #limit = pLimit(1)
  readonly #made = new Map<string, Promise<CacheBlob>>()

  constructor(settings: ResultSettings) {
    this.#settings = settings
  }

  blob(layer: Layer, choice: LayerCompressionChoice): Promise<CacheBlob> {
    const key = `${layer.diffId} ${choice.method} ${choice.level ?? ''} ${choice.force}`
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const made = this.#limit(
      async () =>
        findLayerBlob(this.#settings, layer, choice) ?? (await makeLayerBlob(this.#settings, layer, choice).finished),
    )
    this.#made.set(key, made)
    return made
  }
}

/**
 * Sends results to one cache place while the build goes on. What is there already is not sent: neither entries nor blobs.
 * An entry is stored when its blobs are. Failures are the guard's to tell.
 */
export class ResultSender {
  readonly #settings: ResultSettings
  readonly #guarded: GuardedPlace
  readonly #blobs: LayerBlobs
  readonly #options: SenderOptions
  readonly #limit = pLimit(parallelSends)
  readonly #offered = new Set<StepKey>()
  readonly #sending: Promise<void>[] = []
  #sent = 0

  constructor(settings: ResultSettings, guarded: GuardedPlace, blobs: LayerBlobs, options: SenderOptions) {
    this.#settings = settings
    this.#guarded = guarded
    this.#blobs = blobs
    this.#options = options
  }

  offerStep({ index }: Step, key: StepKey): void {
    if (this.#options.steps?.has(index) !== false) this.#offer(key, () => this.#sendStep(key))
  }

  offerSelection(key: StepKey): void {
    this.#offer(key, () => this.#sendSelection(key))
  }

  /** Waits until all is sent that was offered. With `strictly`, throws `ToolError` when it could not be and must. */
  async finish(strictly: boolean): Promise<void> {
    const { name } = this.#guarded.place
    if (this.#sending.length > 0) {
      await runTask(this.#settings, `send-${name}`, `[cache] export to the ${name}`, async () => {
        await Promise.all(this.#sending)
        return { result: undefined, cached: this.#sent === 0 && this.#guarded.failure === undefined }
      })
    }
    if (strictly && !this.#options.ignoreError && this.#guarded.failure !== undefined) throw this.#guarded.failure
  }

  /** Resolves when nothing is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#sending)
  }

  #offer(key: StepKey, send: () => Promise<void>): void {
    if (this.#offered.has(key)) return
    this.#offered.add(key)
    const sending = this.#limit(send)
    // Who waits for it is told; until then it is no unhandled rejection.
    sending.catch(() => undefined)
    this.#sending.push(sending)
  }

  async #sendStep(key: StepKey): Promise<void> {
    const { store, session } = this.#settings
    const record = store.records.readRecord(key)
    if (record === undefined || (await this.#isThere(key, decodeStepResult))) return
    session.lease([store.layers.name(record.diffId)])
    const layer = store.layers.layer(record.diffId)
    if (layer === undefined || !store.layers.isPresent(record.diffId)) return
    const blob = await this.#layerBlob(layer)
    if (blob === undefined) return
    const { durationMs, created } = record
    const { diffId, contentDigest, sizeBytes, entries } = layer
    const travelling = { diffId, contentDigest, sizeBytes, entries, created: layer.created, blob: blob.descriptor }
    await this.#send(encodeStepResult({ key, durationMs, created, layer: travelling }), blob)
  }

  async #sendSelection(key: StepKey): Promise<void> {
    const record = this.#settings.store.records.readSelection(key)
    if (record === undefined || (await this.#isThere(key, decodeSelectionResult))) return
    await this.#send(encodeSelectionResult(record))
  }

  /** Whether the place has a sound entry of the key. */
  async #isThere(key: StepKey, decode: (key: StepKey, document: Uint8Array) => unknown): Promise<boolean> {
    const { seen, signal } = this.#settings
    const name = entryName(key)
    const state = seen.state(this.#guarded, name)
    if (state !== undefined) return state === 'found'
    const document = await this.#guarded.ask(signal, (stop) => this.#guarded.place.readEntry(name, stop))
    if (document === undefined) return false
    try {
      decode(key, document)
      return true
    } catch (error) {
      // Something else is in its place: what we have is better.
      if (error instanceof ToolError) return false
      throw error
    }
  }

  /** The blob of a layer; undefined when the place is not to be sent anything any more, or the layer is damaged. */
  async #layerBlob(layer: Layer): Promise<CacheBlob | undefined> {
    if (!this.#guarded.isUsable) return undefined
    try {
      return await this.#blobs.blob(layer, this.#options.compression)
    } catch (error) {
      this.#settings.signal.throwIfAborted()
      if (!(error instanceof ToolError)) throw error
      this.#guarded.blame(error)
      return undefined
    }
  }

  async #send({ name, document, blobs }: EncodedEntry, layerBlob?: CacheBlob): Promise<void> {
    const { place } = this.#guarded
    const small = blobs.map(({ descriptor, bytes }) => ({ descriptor, open: () => chunkOf(bytes) }))
    const sent = await this.#guarded.transfer(this.#settings.signal, patientSpans, async ({ signal, moved }) => {
      const writes = small.map((blob) => place.writeBlob(blob, { signal, onProgress: () => undefined }))
      if (layerBlob !== undefined) writes.push(place.writeBlob(layerBlob, { signal, onProgress: moved }))
      await Promise.all(writes)
      await place.writeEntry(name, document, signal)
      return true
    })
    if (sent === true) this.#sent += 1
  }
}

async function* chunkOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
