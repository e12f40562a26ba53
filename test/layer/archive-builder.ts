import { ToolError } from '../../src/base/index.ts'
import { type UnpackedLayer, type UnpackLayerOptions, unpackLayer } from '../../src/layer/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** One member of an archive made by hand, independent of the writer under test. */
export interface Member {
  readonly name: string | Buffer
  readonly type?: string
  readonly data?: string | Uint8Array
  /** Overrides the size field; the body stays as `data` says. */
  readonly size?: number
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime?: number
  readonly link?: string | Buffer
  readonly major?: number
  readonly minor?: number
  /** 8 bytes; ustar when absent. */
  readonly magic?: string
  /** Written over the block last, before the checksum: [offset, bytes]. */
  readonly patch?: readonly (readonly [number, Uint8Array])[]
}

function octal(value: number, length: number): Buffer {
  return Buffer.from(`${value.toString(8).padStart(length - 1, '0')}\0`, 'latin1')
}

/** A header block with a right checksum. */
export function headerBlock(member: Member): Buffer {
  const block = Buffer.alloc(512)
  const body = Buffer.from(member.data ?? '')
  block.set(Buffer.from(member.name).subarray(0, 100), 0)
  block.set(octal(member.mode ?? 0o644, 8), 100)
  block.set(octal(member.uid ?? 0, 8), 108)
  block.set(octal(member.gid ?? 0, 8), 116)
  block.set(octal(member.size ?? body.length, 12), 124)
  block.set(octal(member.mtime ?? 1_600_000_000, 12), 136)
  block.write(member.type ?? '0', 156, 'latin1')
  block.set(Buffer.from(member.link ?? '').subarray(0, 100), 157)
  block.write(member.magic ?? 'ustar\x0000', 257, 'latin1')
  block.set(octal(member.major ?? 0, 8), 329)
  block.set(octal(member.minor ?? 0, 8), 337)
  for (const [offset, bytes] of member.patch ?? []) block.set(bytes, offset)
  block.fill(0x20, 148, 156)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** An archive of the members, with its two zero blocks. */
export function archive(...members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(memberBytes), Buffer.alloc(1024)])
}

/** Header, body and padding of one member. */
export function memberBytes(member: Member): Buffer {
  const body = Buffer.from(member.data ?? '')
  return Buffer.concat([headerBlock(member), body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

/** A PAX header member with these records. */
export function pax(records: Readonly<Record<string, string | Uint8Array>>, type = 'x'): Member {
  const parts: Buffer[] = []
  for (const [key, value] of Object.entries(records)) {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')])
    let length = rest.length + 1
    while (String(length).length + rest.length !== length) length++
    parts.push(Buffer.from(String(length)), rest)
  }
  return { name: 'PaxHeaders.0/x', type, data: Buffer.concat(parts) }
}

/** A folder that is removed when the test ends. */
/** Why a test that gives files other owners cannot run here, or undefined. */
export const ownerObstacle = process.getuid?.() === 0 ? undefined : 'needs root: files get the owners of the archive'

export function temporaryFolder(): string {
  return temporaryDirectory()
}

/** The bytes in chunks of `size`, as a download gives them. */
export async function* inChunks(bytes: Uint8Array, size = 65536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Unpacks a layer given as bytes. */
export function unpackBytes(
  bytes: Uint8Array,
  directory: string,
  options: Partial<UnpackLayerOptions> = {},
): Promise<UnpackedLayer> {
  return unpackLayer(inChunks(bytes), directory, { overlay: 'trusted', ...options })
}

/** Code and message of the `ToolError` that `work` throws; anything else fails the test. */
export async function toolError(work: () => unknown): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work()
  } catch (error) {
    if (error instanceof ToolError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('expected a ToolError, but nothing was thrown')
}

/** The layer's chunks as one buffer. */
export function collect(chunks: Iterable<Uint8Array>): Buffer {
  const copies: Buffer[] = []
  for (const chunk of chunks) copies.push(Buffer.from(chunk))
  return Buffer.concat(copies)
}
