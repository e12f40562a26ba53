import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'

/** The log file of a container: number 0 is the current one, higher ones are older. */
export function logPath(directory: string, number: number): string {
  return join(directory, number === 0 ? 'log' : `log.${number}`)
}

/** A line of a container's output, or a part of a long one. */
export interface LogRecord {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Buffer
  /** RFC 3339 with nanoseconds. */
  readonly time: string
}

/** Reads the records of a log file that is written to, as they come; one that is not whole yet waits for the next call. */
export class LogFile {
  readonly #fd: number
  #rest: Buffer = Buffer.alloc(0)
  #at = 0

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** Undefined when there is no such file. */
  static open(path: string): LogFile | undefined {
    try {
      return new LogFile(openSync(path, 'r'))
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Names the file whatever it is called by now. */
  get inode(): number {
    return fstatSync(this.#fd).ino
  }

  read(): readonly LogRecord[] {
    const chunks = [this.#rest]
    const chunk = Buffer.alloc(1 << 16)
    for (let length = 1; length > 0; this.#at += length) {
      length = readSync(this.#fd, chunk, 0, chunk.length, this.#at)
      chunks.push(Buffer.from(chunk.subarray(0, length)))
    }
    const all = Buffer.concat(chunks)
    const end = all.lastIndexOf(0x0a) + 1
    this.#rest = all.subarray(end)
    return all
      .toString('utf8', 0, end)
      .split('\n')
      .flatMap((line) => parseRecord(line) ?? [])
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** A line that a power cut damaged counts as none. */
function parseRecord(line: string): LogRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('time' in value) || !('stream' in value)) return undefined
  const { time, stream } = value
  if (typeof time !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) return undefined
  if ('log' in value && typeof value.log === 'string') return { stream, time, bytes: Buffer.from(value.log) }
  if ('data' in value && typeof value.data === 'string') {
    return { stream, time, bytes: Buffer.from(value.data, 'base64') }
  }
  return undefined
}
