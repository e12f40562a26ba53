import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import { journalDirectory, journalPath } from './journal.ts'
import { type JournalEvent, parseEvent } from './journal-event.ts'

const pieceBytes = 1 << 16

/** Reads the journal of a store: all there is, then what came since. Not for use after `close`. */
export class JournalReader {
  readonly directory: string
  #fd: number | undefined
  #inode: number | undefined
  #rest: Buffer = Buffer.alloc(0)

  constructor(root: string) {
    this.directory = journalDirectory(root)
  }

  /** Events that were put aside, the oldest first. */
  past(): readonly JournalEvent[] {
    try {
      const lines = readFileSync(`${journalPath(this.directory)}.1`, 'utf8').split('\n')
      return lines.flatMap((line) => parseEvent(line) ?? [])
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return []
      throw error
    }
  }

  /** Events of the current file since the last call; goes on to the new file when the old one was put aside. */
  read(): readonly JournalEvent[] {
    const events = [...this.#readOn()]
    if (!this.#isCurrent()) {
      events.push(...this.#readOn())
      this.#open()
      events.push(...this.#readOn())
    }
    return events
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #isCurrent(): boolean {
    if (this.#fd === undefined) return false
    const fd = openIfThere(journalPath(this.directory))
    if (fd === undefined) return true
    try {
      return fstatSync(fd).ino === this.#inode
    } finally {
      closeSync(fd)
    }
  }

  #open(): void {
    const fd = openIfThere(journalPath(this.directory))
    if (fd === undefined) return
    this.close()
    this.#fd = fd
    this.#inode = fstatSync(fd).ino
    this.#rest = Buffer.alloc(0)
  }

  *#readOn(): Generator<JournalEvent> {
    if (this.#fd === undefined) return
    const piece = Buffer.alloc(pieceBytes)
    for (let length = 1; length > 0; ) {
      length = readSync(this.#fd, piece, 0, pieceBytes, null)
      this.#rest = Buffer.concat([this.#rest, piece.subarray(0, length)])
      const end = this.#rest.lastIndexOf(0x0a) + 1
      const lines = this.#rest.subarray(0, end).toString('utf8').split('\n')
      this.#rest = this.#rest.subarray(end)
      for (const line of lines) {
        const event = parseEvent(line)
        if (event !== undefined) yield event
      }
    }
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}
