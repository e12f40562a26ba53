import { invariant } from '../base/index.ts'

export interface BlockOptions {
  readonly blockBytes: number
  /** Blocks compressed at the same time; changes speed only. */
  readonly threads: number
}

/**
 * Cuts `chunks` into blocks of a fixed size, the last one shorter, and gives what `compress` makes of each, in order.
 * `compress` is called in order; several of its promises are under way at a time. Its buffer is its own until its promise and
 * that of the block after it are settled: buffers go round, since those that wait for a collector would fill the memory.
 */
export async function* compressBlocks(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { blockBytes, threads }: BlockOptions,
  compress: (block: Buffer) => Promise<Buffer>,
): AsyncGenerator<Uint8Array, void, undefined> {
  invariant(Number.isInteger(threads) && threads >= 1, 'compression needs a thread')
  const inFlight: Promise<Buffer>[] = []
  try {
    // One is being filled, and one was the last that went out.
    for await (const block of blocks(chunks, blockBytes, threads + 2)) {
      if (inFlight.length >= threads) yield await next(inFlight)
      const part = compress(block)
      // A later part may fail while an earlier one is awaited: the failure waits here until its turn.
      part.catch(() => {})
      inFlight.push(part)
    }
    while (inFlight.length > 0) yield await next(inFlight)
  } finally {
    await Promise.allSettled(inFlight)
  }
}

async function next(inFlight: Promise<Buffer>[]): Promise<Buffer> {
  const part = inFlight.shift()
  invariant(part, 'a part is in flight')
  return part
}

async function* blocks(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  blockBytes: number,
  count: number,
): AsyncGenerator<Buffer, void, undefined> {
  const ring: Buffer[] = []
  let turn = 0
  const nextBlock = (): Buffer => {
    const at = turn++ % count
    const buffer = ring[at] ?? Buffer.allocUnsafeSlow(blockBytes)
    ring[at] = buffer
    return buffer
  }
  let block = nextBlock()
  let used = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + blockBytes - used)
      block.set(part, used)
      used += part.length
      at += part.length
      if (used < blockBytes) continue
      yield block
      block = nextBlock()
      used = 0
    }
  }
  if (used > 0) yield block.subarray(0, used)
}
