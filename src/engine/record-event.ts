import { type EventType, openJournal } from '../journal/index.ts'
import type { Host } from './host.ts'

/** Writes down that something happened to an image, a volume or a network of the store at `root`. */
export function recordEvent(
  root: string,
  host: Pick<Host, 'nowMs'>,
  event: {
    readonly type: Exclude<EventType, 'container'>
    readonly action: string
    readonly id: string
    readonly attributes: Readonly<Record<string, string>>
  },
): void {
  openJournal(root, host.nowMs).write(event)
}

/** Writes down what happened to an image: `id` is its own, `name` what it was called by. */
export function recordImageEvent(
  root: string,
  host: Pick<Host, 'nowMs'>,
  action: 'delete' | 'import' | 'load' | 'pull' | 'push' | 'save' | 'tag' | 'untag',
  id: string,
  name: string,
): void {
  recordEvent(root, host, { type: 'image', action, id, attributes: { name } })
}
