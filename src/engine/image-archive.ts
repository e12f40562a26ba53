import { createReadStream, createWriteStream, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'
import { openDecompressed } from '../layer/index.ts'
import { layoutFiles, maxDocumentBytes } from '../oci/index.ts'

/** The files of an image archive or directory, by the names they have in it. */
export interface ImageArchive {
  has(name: string): boolean
  sizeOf(name: string): number
  open(name: string): AsyncIterable<Uint8Array>
  /** A document, whole. Throws `ToolError` `archive-invalid` when it is missing or too long. */
  read(name: string): Uint8Array
}

/** More than any archive of images has; keeps a hostile one from filling the disk with names (security 12). */
const maxEntries = 100_000
const maxLinks = 10

/** The files of a directory: an image layout, or an unpacked archive. */
export function directoryArchive(directory: string): ImageArchive {
  const place = (name: string): string => join(directory, checkedName(name))
  const stat = (name: string) => {
    const found = statSync(place(name), { throwIfNoEntry: false })
    return found?.isFile() === true ? found : undefined
  }
  return archiveOf((name) => (stat(name) === undefined ? undefined : place(name)), directory)
}

/**
 * Unpacks an archive, compressed or not, into files of `scratch` under names of our own: no name in the archive becomes a path
 * (security 1-7). Links inside the archive lead to its own entries. Throws `ToolError` `archive-invalid`,
 * `archive-too-large`, and what writing throws.
 */
export async function unpackImageArchive(
  source: AsyncIterable<Uint8Array>,
  scratch: string,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const { extract } = await import('tar-stream')
  const files = new Map<string, string>()
  const links = new Map<string, string>()
  const { bytes } = await openDecompressed(source)
  const entries = extract()
  const reading = pipeline(Readable.from(bytes, { objectMode: false }), entries, { signal })
  reading.catch(() => {})
  try {
    for await (const entry of entries) {
      const { name, type, linkname } = entry.header
      if (files.size + links.size >= maxEntries) throw tooMany()
      if (type === 'file' || type === 'contiguous-file') {
        const path = join(scratch, String(files.size))
        files.set(posix.normalize(name), path)
        await pipeline(entry, createWriteStream(path, { flags: 'wx' }))
        continue
      }
      // docker wrote a layer that an image has twice as a link to the first.
      if (type === 'symlink') links.set(posix.normalize(name), posix.join(posix.dirname(name), linkname ?? ''))
      if (type === 'link') links.set(posix.normalize(name), posix.normalize(linkname ?? ''))
      entry.resume()
    }
    await reading
  } catch (error) {
    if (error instanceof ToolError) throw error
    if (signal.aborted) throw new ToolError('canceled', 'reading the archive was canceled', { cause: error })
    if (errnoCode(error) === 'ENOSPC') {
      throw new ToolError('no-space', 'the store has no room for the archive', {
        hint: 'free some space',
        cause: error,
      })
    }
    throw new ToolError('archive-invalid', `the archive cannot be read: ${errorMessage(error)}`, {
      hint: 'an archive of images is a tar as docker save, podman save or skopeo write it, compressed or not',
      cause: error,
    })
  }
  const find = (name: string): string | undefined => {
    let at = posix.normalize(name)
    for (let hops = 0; hops < maxLinks; hops++) {
      const file = files.get(at)
      if (file !== undefined) return file
      const next = links.get(at)
      if (next === undefined) return undefined
      at = next
    }
    return undefined
  }
  return archiveOf(find, 'the archive')
}

function archiveOf(find: (name: string) => string | undefined, what: string): ImageArchive {
  const pathOf = (name: string): string => {
    const path = find(name)
    if (path !== undefined) return path
    throw new ToolError('archive-invalid', `${what} has no file "${name.slice(0, 200)}"`, {
      hint: 'the archive is not whole, or holds no images: make it again with save',
    })
  }
  const sizeOf = (name: string): number => statSync(pathOf(name)).size
  return {
    has: (name) => find(name) !== undefined,
    sizeOf,
    open: (name) => createReadStream(pathOf(name), { highWaterMark: 1 << 18 }),
    read(name) {
      const size = sizeOf(name)
      if (size <= maxDocumentBytes) return readFileSync(pathOf(name))
      throw new ToolError(
        'archive-invalid',
        `"${name}" has ${size} bytes, more than the ${maxDocumentBytes} a document may have`,
      )
    },
  }
}

/** A name that stays below the directory. Documents in it may name anything. */
function checkedName(name: string): string {
  const clean = posix.normalize(name)
  if (!clean.startsWith('/') && clean !== '..' && !clean.startsWith('../') && !clean.includes('\0')) return clean
  throw new ToolError('archive-invalid', `the file name "${name.slice(0, 200)}" leads out of the directory`, {
    hint: 'the directory was made to do harm, or is damaged',
  })
}

function tooMany(): ToolError {
  return new ToolError('archive-too-large', `the archive has more than ${maxEntries} files`, {
    hint: 'an archive of images has a few files for each image',
  })
}

/** Whether an archive or directory is an OCI layout. */
export function isLayout(archive: ImageArchive): boolean {
  return archive.has(layoutFiles.layout) && archive.has(layoutFiles.index)
}
