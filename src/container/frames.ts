import { invariant } from '../base/index.ts'

/**
 * What passes between a supervisor and its clients: frames of a type, a length (32 bits, big-endian) and that many
 * bytes. A message is JSON; the streams are bytes as they come.
 */
export const frameTypes = { message: 0, stdin: 1, stdout: 2, stderr: 3 } as const
export type FrameType = keyof typeof frameTypes

const headerSize = 5
/** Longer frames are not ours. */
const lengthLimit = 16 * 1024 * 1024

/** The header of a frame and its bytes, to be written one after the other. */
export function encodeFrame(type: FrameType, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerSize + bytes.length)
  frame.writeUInt8(frameTypes[type], 0)
  frame.writeUInt32BE(bytes.length, 1)
  frame.set(bytes, headerSize)
  return frame
}

export function encodeMessage(message: object): Buffer {
  return encodeFrame('message', Buffer.from(JSON.stringify(message)))
}

const names = new Map<number, FrameType>([
  [frameTypes.message, 'message'],
  [frameTypes.stdin, 'stdin'],
  [frameTypes.stdout, 'stdout'],
  [frameTypes.stderr, 'stderr'],
])

/** Puts frames together from chunks as they arrive and calls `onFrame` with each. Throws when they are not frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)
  readonly #onFrame: (type: FrameType, bytes: Buffer) => void

  constructor(onFrame: (type: FrameType, bytes: Buffer) => void) {
    this.#onFrame = onFrame
  }

  push(chunk: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= headerSize) {
      const length = this.#rest.readUInt32BE(1)
      const type = names.get(this.#rest.readUInt8(0))
      invariant(type !== undefined && length <= lengthLimit, 'frames of a supervisor')
      if (this.#rest.length < headerSize + length) return
      const bytes = this.#rest.subarray(headerSize, headerSize + length)
      this.#rest = this.#rest.subarray(headerSize + length)
      this.#onFrame(type, bytes)
    }
  }
}
