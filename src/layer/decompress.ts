import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline, Readable, type Transform } from 'node:stream'
import { pipeline as pipelineDone } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'
import { invalidArchive } from './archive-error.ts'
import { zstdFrames } from './zstd-frames.ts'

export type Compression = 'gzip' | 'bzip2' | 'xz' | 'zstd'

/** A byte stream with its compression taken off. */
export interface Decompressed {
  readonly compression: Compression | undefined
  readonly bytes: AsyncIterable<Uint8Array>
  /** Compressed bytes read so far. */
  readonly inputBytes: number
}

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
]
const longestMagic = 6

/** Compression told by the first bytes (up to 6 are looked at); undefined when it is none we know. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  // A zstd stream may begin with a skippable frame (RFC 8878, 3.1.2).
  if (head.length >= 4 && ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18)
    return 'zstd'
  return magics.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0]
}

/**
 * Reads the first bytes of `source` and takes off the compression they tell of; anything else passes through. Damaged
 * data throws `archive-invalid` from `bytes`, a missing `xz` or `bzip2` command `not-supported`.
 */
export async function openDecompressed(source: AsyncIterable<Uint8Array>): Promise<Decompressed> {
  const iterator = source[Symbol.asyncIterator]()
  const head: Uint8Array[] = []
  let length = 0
  while (length < longestMagic) {
    const next = await iterator.next()
    if (next.done) break
    head.push(next.value)
    length += next.value.length
  }
  const counter = { bytes: 0 }
  const compression = compressionOf(Buffer.concat(head).subarray(0, longestMagic))
  const bytes = decompressed(counted(head, iterator, counter), compression)
  return {
    compression,
    bytes,
    get inputBytes() {
      return counter.bytes
    },
  }
}

async function* counted(
  head: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
  counter: { bytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (const chunk of head) {
      counter.bytes += chunk.length
      yield chunk
    }
    for (let next = await rest.next(); !next.done; next = await rest.next()) {
      counter.bytes += next.value.length
      yield next.value
    }
  } finally {
    await rest.return?.()
  }
}

function decompressed(
  source: AsyncIterable<Uint8Array>,
  compression: Compression | undefined,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case undefined:
      return source
    case 'gzip':
      return throughZlib(source, createGunzip({ chunkSize: 256 * 1024 }))
    case 'zstd':
      return throughZlib(zstdFrames(source), createZstdDecompress({ chunkSize: 256 * 1024 }))
    case 'xz':
      return throughCommand(source, 'xz', 'xz-utils')
    case 'bzip2':
      return throughCommand(source, 'bzip2', 'bzip2')
  }
}

async function* throughZlib(
  source: AsyncIterable<Uint8Array>,
  stream: Transform,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Any failure destroys `stream` with its error, which the loop below throws; so the callback has nothing to do.
  pipeline(Readable.from(source), stream, () => {})
  try {
    for await (const chunk of stream) yield chunk
  } catch (error) {
    const code = errnoCode(error)
    if (code?.startsWith('Z_') || code?.startsWith('ZSTD_'))
      throw invalidArchive(`the compressed data is damaged: ${errorMessage(error)}`, error)
    throw error
  }
}

/** Decompresses through `COMMAND -dc`. However the loop ends, the process is gone afterwards. */
async function* throughCommand(
  source: AsyncIterable<Uint8Array>,
  command: string,
  debianPackage: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = spawn(command, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    await once(child, 'spawn')
  } catch (error) {
    // Starting the source and leaving it at once lets it close what it holds.
    for await (const _chunk of source) break
    throw missingCommand(command, debianPackage, error)
  }
  const complaint: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => complaint.length < 16 && complaint.push(chunk))
  const feeding = pipelineDone(Readable.from(source), child.stdin).then(
    () => undefined,
    (error: unknown) => error,
  )
  try {
    for await (const chunk of child.stdout) yield chunk
    const exitCode = await closed
    const feedError = await feeding
    // EPIPE: the command stopped reading, and its exit code tells why.
    if (feedError !== undefined && errnoCode(feedError) !== 'EPIPE') throw feedError
    if (exitCode !== 0)
      throw invalidArchive(
        `${command} cannot read the compressed data: ${Buffer.concat(complaint).toString().trim().slice(0, 300)}`,
      )
  } finally {
    child.kill('SIGKILL')
    await closed
  }
}

/** The command that reads a compression is not installed. */
export function missingCommand(command: string, debianPackage: string, cause: unknown): ToolError {
  if (errnoCode(cause) !== 'ENOENT')
    return new ToolError('system-call-failed', `cannot run ${command}: ${errorMessage(cause)}`, { cause })
  return new ToolError(
    'not-supported',
    `the archive is compressed with ${command}, and there is no ${command} command on PATH`,
    {
      hint: `install it (Debian: apt-get install ${debianPackage}), or compress the archive with gzip or zstd`,
      cause,
    },
  )
}
