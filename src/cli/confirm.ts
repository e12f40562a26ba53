import { readSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'

/** Asks on stderr and reads a line from stdin; true for y or yes. No answer, as from /dev/null, is a no. */
export function confirm(question: string): boolean {
  process.stderr.write(`${question}\nAre you sure you want to continue? [y/N] `)
  return /^y(es)?$/i.test(readLine().trim())
}

/** One byte at a time: what follows the line is not ours. */
function readLine(): string {
  const byte = Buffer.alloc(1)
  let line = ''
  for (;;) {
    try {
      if (readSync(0, byte) === 0 || byte[0] === 0x0a) return line
      line += byte.toString('latin1')
    } catch (error) {
      if (errnoCode(error) === 'EOF') return line
      // A terminal that somebody made non-blocking has nothing yet.
      if (errnoCode(error) !== 'EAGAIN') throw error
    }
  }
}
