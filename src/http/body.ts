import { ToolError } from '../base/index.ts'
import type { HttpAnswer } from './http.ts'

/** Reads a whole body of at most `limitBytes`; a longer one is an error, so that no answer can fill the memory (security 52). */
export async function readLimited(answer: HttpAnswer, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of answer.body) {
      const bytes: Uint8Array = chunk
      size += bytes.byteLength
      if (size > limitBytes) {
        throw new ToolError('registry-failed', `${answer.url.host} sent a document of more than ${limitBytes} bytes`, {
          hint: 'this is no image that can be used; check the name',
        })
      }
      chunks.push(bytes)
    }
  } finally {
    answer.body.destroy()
  }
  return Buffer.concat(chunks, size)
}

const discardedBytes = 64 * 1024

/** Gives up a body that nobody will read: a short one is read, so that its connection can be used again, else it is cut off. */
export async function discard(answer: HttpAnswer): Promise<void> {
  if (Number(answer.header('content-length') ?? 0) > discardedBytes) answer.body.destroy()
  // What goes wrong with a body that does not matter does not matter either.
  else await readLimited(answer, discardedBytes).catch(() => undefined)
}
