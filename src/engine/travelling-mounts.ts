import { createHash } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { constants, type ZstdOptions, zstdCompress, zstdDecompress } from 'node:zlib'
import pLimit from 'p-limit'
import {
  canonicalHash,
  digestOf,
  errorMessage,
  parseDigest,
  parseStepKey,
  type StepKey,
  ToolError,
} from '../base/index.ts'
import { contentChunks, layerTar, unpackLayer } from '../layer/index.ts'
import type { CacheBlob } from '../ports/index.ts'
import {
  chunkType,
  decodeMountResult,
  encodeMountResult,
  entryName,
  type GuardedPlace,
  type MountResult,
} from '../remote-cache/index.ts'
import { type CacheMountRequest, holdCacheMount } from '../store/cache-mounts.ts'
import type { ResultSettings } from './fetch-results.ts'
import { runTask } from './task.ts'

/** What of a request says which cache it is. */
export type MountIdentity = Omit<CacheMountRequest, 'sharing'>

const mountDomain = 'longshore.mount/1'
/** Pieces on their way at the same time, and held in memory. */
const parallelPieces = 4
/** Longest piece, uncompressed: `contentChunks` makes none above half of it. */
const maxPieceBytes = 8 * 1024 * 1024

const compress = promisify<Buffer, ZstdOptions, Buffer>(zstdCompress)
const decompress = promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress)

/**
 * Directories of RUN --mount=type=cache in caches elsewhere (`mounts=true`). A directory that this store has not begins with what a
 * cache has of it; those that a build used are sent when it has ended, in pieces of which the same are not sent again. There is one
 * entry for each identity, and who writes last writes it. Failures are the guard's to tell.
 */
export class TravellingMounts {
  readonly #settings: ResultSettings
  readonly #sources: readonly GuardedPlace[]
  readonly #targets: readonly GuardedPlace[]
  readonly #used = new Map<StepKey, { readonly id: string; readonly directory: string }>()

  constructor(settings: ResultSettings, sources: readonly GuardedPlace[], targets: readonly GuardedPlace[]) {
    this.#settings = settings
    this.#sources = sources
    this.#targets = targets
  }

  /** Fills a fresh, empty directory; false, and it is empty still, when no cache has something for it. */
  async fill(identity: MountIdentity, directory: string): Promise<boolean> {
    const { signal } = this.#settings
    const key = mountKey(identity)
    for (const guarded of this.#sources) {
      const found = await this.#find(guarded, key)
      if (found === undefined) continue
      const label = `[cache] mount ${identity.id}, from the ${guarded.place.name}`
      const isFilled = await runTask(this.#settings, `mount-${key}`, label, async () => {
        const done = await guarded.transfer(signal, 1, ({ signal: stop, moved }) =>
          this.#unpack(guarded, found, directory, stop, moved),
        )
        return { result: done === true, cached: done !== true }
      })
      if (isFilled) return true
      for (const name of readdirSync(directory, { encoding: 'buffer' }))
        rmSync(Buffer.concat([Buffer.from(`${directory}/`), name]), { recursive: true, force: true })
    }
    return false
  }

  /** Notes that a step of this build used a directory. */
  used(identity: MountIdentity, directory: string): void {
    this.#used.set(mountKey(identity), { id: identity.id, directory })
  }

  /** Sends what was used, but for directories that somebody uses at this moment. */
  async send(): Promise<void> {
    for (const guarded of this.#targets) {
      for (const [key, { id, directory }] of this.#used) {
        const letGo = holdCacheMount(directory)
        if (letGo === undefined) continue
        try {
          const label = `[cache] export mount ${id} to the ${guarded.place.name}`
          await runTask(this.#settings, `send-mount-${key}-${guarded.place.name}`, label, async () => ({
            result: undefined,
            cached: !(await this.#sendOne(guarded, key, directory)),
          }))
        } finally {
          letGo()
        }
      }
    }
  }

  async #find(guarded: GuardedPlace, key: StepKey): Promise<MountResult | undefined> {
    const { signal } = this.#settings
    const document = await guarded.ask(signal, (stop) => guarded.place.readEntry(entryName(key), stop))
    if (document === undefined) return undefined
    try {
      return decodeMountResult(key, document)
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      guarded.blame(error)
      return undefined
    }
  }

  async #unpack(
    { place }: GuardedPlace,
    { chunks, digest, sizeBytes }: MountResult,
    directory: string,
    signal: AbortSignal,
    moved: (bytes: number) => void,
  ): Promise<true> {
    const hash = createHash('sha256')
    let [received, size] = [0, 0]
    const piece = async (chunk: MountResult['chunks'][number]): Promise<Buffer> => {
      const parts: Uint8Array[] = []
      let bytes = 0
      for await (const part of place.readBlob(chunk, signal)) {
        parts.push(part)
        bytes += part.length
        received += part.length
        moved(received)
        if (bytes > chunk.size) break
      }
      const compressed = Buffer.concat(parts)
      if (digestOf(compressed) !== chunk.digest) throw unsound(`the piece ${chunk.digest} has other bytes`)
      return decompress(compressed, { maxOutputLength: maxPieceBytes }).catch((error: unknown) => {
        throw unsound(`the piece ${chunk.digest} cannot be read: ${errorMessage(error)}`)
      })
    }
    async function* tar(): AsyncGenerator<Uint8Array> {
      const waiting = [...chunks]
      const coming: Promise<Buffer>[] = []
      const beginNext = (): void => {
        const chunk = waiting.shift()
        if (chunk === undefined) return
        const started = piece(chunk)
        // Who takes it in its turn is told.
        started.catch(() => undefined)
        coming.push(started)
      }
      for (let count = 0; count < parallelPieces; count++) beginNext()
      for (let taken = coming.shift(); taken !== undefined; taken = coming.shift()) {
        const bytes = await taken
        beginNext()
        hash.update(bytes)
        size += bytes.length
        if (size > sizeBytes) throw unsound(`it has more than ${sizeBytes} bytes`)
        yield bytes
      }
    }
    await unpackLayer(tar(), directory, { overlay: this.#settings.overlay, signal })
    if (size !== sizeBytes || `sha256:${hash.digest('hex')}` !== digest) throw unsound(`it is not ${digest}`)
    return true
  }

  /** True when something was sent. */
  async #sendOne(guarded: GuardedPlace, key: StepKey, directory: string): Promise<boolean> {
    const { signal, overlay } = this.#settings
    const { place } = guarded
    const before = await this.#find(guarded, key)
    const known = new Set(before?.chunks.map(({ digest }) => digest))
    const sent = await guarded.transfer(signal, 2, async ({ signal: stop, moved }) => {
      const hash = createHash('sha256')
      let [sizeBytes, done] = [0, 0]
      const limit = pLimit(parallelPieces)
      const pieces: Promise<CacheBlob['descriptor']>[] = []
      const sendPiece = async (bytes: Buffer): Promise<CacheBlob['descriptor']> => {
        const blob = await pieceBlob(bytes)
        if (!known.has(blob.descriptor.digest)) {
          await place.writeBlob(blob, { signal: stop, onProgress: () => undefined })
        }
        done += bytes.length
        moved(done)
        return blob.descriptor
      }
      for await (const bytes of contentChunks(layerTar(directory, { overlay }))) {
        stop.throwIfAborted()
        hash.update(bytes)
        sizeBytes += bytes.length
        const piece = limit(sendPiece, bytes)
        piece.catch(() => undefined)
        pieces.push(piece)
        // Not more than a few in memory.
        if (limit.pendingCount >= parallelPieces) await pieces.at(-parallelPieces)
      }
      const chunks = await Promise.all(pieces)
      const digest = parseDigest(`sha256:${hash.digest('hex')}`)
      if (before?.digest === digest) return false
      const created = new Date(this.#settings.nowMs()).toISOString()
      const { name, document, blobs } = encodeMountResult({ key, digest, sizeBytes, created, chunks })
      for (const { descriptor, bytes } of blobs)
        await place.writeBlob({ descriptor, open: () => bytesOf(bytes) }, { signal: stop, onProgress: () => undefined })
      await place.writeEntry(name, document, stop)
      return true
    })
    return sent === true
  }
}

function mountKey({ id, mode, uid, gid, initialContent }: MountIdentity): StepKey {
  return parseStepKey(`sha256:${canonicalHash(mountDomain, { id, mode, uid, gid, initial: initialContent ?? null })}`)
}

/** Quick rather than small: most pieces are compressed only to see that they are there. */
async function pieceBlob(piece: Buffer): Promise<CacheBlob> {
  const bytes = await compress(piece, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  return {
    descriptor: { mediaType: chunkType, digest: digestOf(bytes), size: bytes.length },
    open: () => bytesOf(bytes),
  }
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function unsound(why: string): ToolError {
  return new ToolError('blob-mismatch', `a cache mount is not what its entry says: ${why}`, {
    hint: 'the cache is damaged or was tampered with; the directory begins empty',
  })
}
