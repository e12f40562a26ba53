import { randomBytes } from 'node:crypto'
import { createWriteStream, openSync, renameSync, rmSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Writes `chunks` to the file `dest`, which appears only when it is complete, or to standard output for `-`. A chunk's
 * memory may be used again once the next one is asked for. Throws what the chunks throw, and file-system errors as they are.
 */
export async function writeWhole(dest: string, chunks: Chunks): Promise<void> {
  // The memory of a chunk is its maker's: a stream keeps chunks, so each is copied.
  const copied = (async function* () {
    for await (const chunk of chunks) yield Buffer.from(chunk)
  })()
  if (dest === '-') {
    await pipeline(copied, createWriteStream('', { fd: 1, autoClose: false }))
    return
  }
  const temporary = `${dest}.${randomBytes(4).toString('hex')}.part`
  // Opened once and exclusively: neither a link that lies there nor one put there later is followed.
  const fd = openSync(temporary, 'wx', 0o644)
  try {
    await pipeline(copied, createWriteStream('', { fd }))
    renameSync(temporary, dest)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Runs what writes `dest` and says what went wrong in the user's words. Throws `ToolError` `no-space`, `output-failed`. */
export async function writingTo<T>(dest: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof ToolError) throw error
    const code = errnoCode(error)
    throw new ToolError(
      code === 'ENOSPC' || code === 'EDQUOT' ? 'no-space' : 'output-failed',
      `cannot write ${dest === '-' ? 'to standard output' : dest}: ${errorMessage(error)}`,
      { hint: 'check that the folder exists, may be written and has room', cause: error },
    )
  }
}
