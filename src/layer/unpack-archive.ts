import { createReadStream } from 'node:fs'
import { invalidArchive, translateError } from './archive-error.ts'
import { cleanComponents, nameOfText, quoteName } from './byte-name.ts'
import { openDecompressed } from './decompress.ts'
import type { TarHeader } from './tar-header.ts'
import { TarReader, type TarVisitor } from './tar-reader.ts'
import { TreeWriter, type WriteReport } from './tree-writer.ts'
import { guarded, type UnpackLimits, UnpackMeter } from './unpack-limits.ts'

export interface UnpackArchiveOptions {
  /** Owner of everything, as `ADD --chown` gives it; else the archive's owners. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  readonly limits?: Partial<UnpackLimits>
  readonly signal?: AbortSignal
}

export interface UnpackedArchive extends WriteReport {
  readonly entries: number
  /** Number of uncompressed bytes. */
  readonly sizeBytes: number
}

/**
 * Unpacks a tar archive, compressed or not (told by content), into `destination` of a mounted root filesystem, as ADD
 * does: directories are merged and take the archive's metadata, everything else replaces what is there, an entry for
 * the top itself changes nothing, and `.wh.` names are plain names. `destination` is made (0755) when missing; it and
 * every entry are resolved inside `rootDirectory`, absolute symlinks included; hard links point inside the archive.
 * Throws `archive-invalid`, `archive-too-large`, `canceled`, `not-supported` (no `xz` or `bzip2`), `no-space`,
 * `permission-denied`, `system-call-failed`.
 */
export async function unpackArchive(
  path: string,
  rootDirectory: string,
  destination: string,
  options: UnpackArchiveOptions = {},
): Promise<UnpackedArchive> {
  const meter = new UnpackMeter(options.limits)
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  const base = cleanComponents(nameOfText(destination))
  const writer = new TreeWriter(rootDirectory, { base, ...(options.owner ? { owner: options.owner } : {}) })
  try {
    writer.ensureDirectory([])
    const reader = new TarReader(new ArchiveSink(writer, meter))
    const input = await openDecompressed(file)
    for await (const chunk of guarded(input.bytes, options.signal)) {
      meter.addBytes(chunk.length, input.inputBytes)
      reader.write(chunk)
    }
    reader.end()
    writer.finish()
    return { entries: meter.entries, sizeBytes: meter.bytes, ...writer.report }
  } catch (error) {
    throw translateError(error, `cannot unpack ${path}`)
  } finally {
    writer.close()
    file.destroy()
  }
}

class ArchiveSink implements TarVisitor {
  readonly #writer: TreeWriter
  readonly #meter: UnpackMeter
  #name = ''

  constructor(writer: TreeWriter, meter: UnpackMeter) {
    this.#writer = writer
    this.#meter = meter
  }

  entry(header: TarHeader): void {
    this.#name = header.name
    this.#meter.addEntry(header)
    this.#try(() => this.#place(header))
  }

  #place(header: TarHeader): void {
    const components = cleanComponents(header.name)
    if (components.length > 0) this.#writer.add(components, header)
    else if (header.type !== 'directory')
      throw invalidArchive(`the top of the archive is a ${header.type}, not a directory`)
  }

  data(chunk: Uint8Array, offset: number): void {
    this.#try(() => this.#writer.write(chunk, offset))
  }

  endEntry(): void {
    this.#try(() => this.#writer.endFile())
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw translateError(error, `cannot unpack ${quoteName(this.#name)}`)
    }
  }
}
