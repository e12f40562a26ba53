import { close, openSync, read } from 'node:fs'
import { promisify } from 'node:util'

/** A file that one writes while another reads it. */
export interface FollowedFile {
  /** Tells that this many bytes more are in the file. */
  grown(bytes: number): void
  /** Tells that it is complete, or why it will never be. */
  end(error?: unknown): void
  /** All bytes of the file, up to its end; ends when the file is complete, throws what `end` was told. */
  bytes(): AsyncGenerator<Uint8Array, void, undefined>
}

const pieceBytes = 1 << 18
const readAt = promisify(read)
const closeFile = promisify(close)

/**
 * Lets the writer of `path` run ahead of its reader, with the disk between them instead of memory. The file may be renamed
 * once it is complete, since the reader opens it here and now.
 */
export function followFile(path: string): FollowedFile {
  const fd = openSync(path, 'r')
  let size = 0
  let ended = false
  let failure: { readonly error: unknown } | undefined
  let wake: (() => void) | undefined
  const changed = (): void => {
    wake?.()
    wake = undefined
  }
  return {
    grown(bytes) {
      size += bytes
      changed()
    },
    end(error) {
      ended = true
      if (error !== undefined) failure = { error }
      changed()
    },
    async *bytes() {
      try {
        for (let at = 0; ; ) {
          while (at === size && !ended) {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
          if (failure !== undefined) throw failure.error
          if (at === size) return
          const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size - at))
          const { bytesRead } = await readAt(fd, buffer, 0, buffer.length, at)
          at += bytesRead
          yield buffer.subarray(0, bytesRead)
        }
      } finally {
        await closeFile(fd)
      }
    },
  }
}
