import { randomBytes } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { digestHex, errnoCode, errorMessage, ToolError } from '../base/index.ts'
import { type Descriptor, encodeLayoutMarker, layoutFiles } from '../oci/index.ts'
import type { CachePlace } from '../ports/index.ts'
import { makeDirectory } from '../sys/make-directory.ts'

const readBytes = 1 << 20

/**
 * A cache in a directory: an image layout's `oci-layout` and `blobs/sha256`, and the entries in `entries`. Files are written
 * under another name and renamed, so that any number of processes read and write it at once. Made on the first write.
 */
export function openLocalPlace(directory: string): CachePlace {
  const entryPath = (name: string): string => join(directory, 'entries', name.slice(0, 2), `${name.slice(2)}.json`)
  const blobPath = ({ digest }: Descriptor): string => join(directory, 'blobs/sha256', digestHex(digest))
  const write = (path: string, bytes: Uint8Array): void =>
    translated(directory, () => {
      makeMarker(directory)
      const temporary = temporaryPath(path)
      writeFileSync(temporary, bytes, { flag: 'wx' })
      renameSync(temporary, path)
    })
  return {
    name: `local cache ${directory}`,
    readEntry: async (name) => translated(directory, () => readIfThere(entryPath(name))),
    writeEntry: async (name, document) => write(entryPath(name), document),
    async *readBlob(descriptor, signal) {
      try {
        yield* createReadStream(blobPath(descriptor), { highWaterMark: readBytes, signal })
      } catch (error) {
        throw failure(directory, error)
      }
    },
    async writeBlob({ descriptor, open: openBlob }, { signal, onProgress }) {
      const path = blobPath(descriptor)
      if (translated(directory, () => statSync(path, { throwIfNoEntry: false }))?.size === descriptor.size) return
      const temporary = translated(directory, () => {
        makeMarker(directory)
        return temporaryPath(path)
      })
      try {
        await writeChunks(temporary, openBlob(0), signal, onProgress)
        renameSync(temporary, path)
      } catch (error) {
        rmSync(temporary, { force: true })
        throw error instanceof ToolError ? error : failure(directory, error)
      }
    },
    close: async () => undefined,
  }
}

async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const file = await open(path, 'wx')
  try {
    let written = 0
    for await (const chunk of chunks) {
      signal.throwIfAborted()
      await file.writeFile(chunk)
      written += chunk.length
      onProgress(written)
    }
  } finally {
    await file.close()
  }
}

/** A name beside `path` that no other process uses; makes the directory. */
function temporaryPath(path: string): string {
  makeDirectory(dirname(path))
  return `${path}.${randomBytes(6).toString('hex')}.part`
}

function makeMarker(directory: string): void {
  const marker = join(directory, layoutFiles.layout)
  if (existsSync(marker)) return
  const temporary = temporaryPath(marker)
  writeFileSync(temporary, encodeLayoutMarker())
  renameSync(temporary, marker)
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function translated<T>(directory: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw failure(directory, error)
  }
}

function failure(directory: string, error: unknown): ToolError {
  const code = errnoCode(error) === 'ENOSPC' ? 'no-space' : 'store-failed'
  return new ToolError(code, `the cache in ${directory} cannot be used: ${errorMessage(error)}`, {
    hint: 'look at what is there, and who may read and write it',
    cause: error,
  })
}
