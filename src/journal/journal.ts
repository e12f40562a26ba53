import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import type { JournalEvent } from './journal-event.ts'

export type NewEvent = Omit<JournalEvent, 'timeMs'>

/** Where events are written. */
export interface Journal {
  /** Never throws: what happened has happened, whether it can be written down or not. */
  write(event: NewEvent): void
}

/** A file as large as this is put aside, over the one that was before: some ten thousand events are kept. */
const limitBytes = 1 << 20

/** Directory of the journal in the store at `root`; made when missing. For its owner's eyes: commands may hold secrets. */
export function journalDirectory(root: string): string {
  const directory = join(root, 'events')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** The current file; what was put aside has `.1` behind it. */
export function journalPath(directory: string): string {
  return join(directory, 'journal')
}

export function openJournal(root: string, nowMs: () => number): Journal {
  return {
    write(event) {
      try {
        const path = journalPath(journalDirectory(root))
        const line = `${JSON.stringify({ ...event, timeMs: nowMs() })}\n`
        // One write to the end: lines of several processes do not mix.
        appendFileSync(path, line, { mode: 0o600 })
        rotate(path)
      } catch {
        // The disk is full, or the store is not ours to write.
      }
    },
  }
}

/** Of two that do this at once, the second may put aside a file that has just begun: then older events are gone sooner. */
function rotate(path: string): void {
  if (statSync(path).size < limitBytes) return
  try {
    renameSync(path, `${path}.1`)
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error
  }
}

/** What an event of a container tells of it. */
export interface EventSubject {
  readonly id: string
  readonly image: { readonly reference: string }
  readonly labels: Readonly<Record<string, string>>
}

/** An event of a container: its labels, image and name, as docker has them, and what else there is to tell. */
export function containerEvent(
  { id, image, labels }: EventSubject,
  name: string,
  action: string,
  more: Readonly<Record<string, string>> = {},
): NewEvent {
  return { type: 'container', action, id, attributes: { ...labels, image: image.reference, name, ...more } }
}
