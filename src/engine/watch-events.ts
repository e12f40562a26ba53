import { watch } from 'node:fs'
import { type JournalEvent, JournalReader } from '../journal/index.ts'

/** Which events to show. */
export interface EventWishes {
  /** Those of then and later; with neither this nor `untilMs`, only those to come. */
  readonly sinceMs?: number
  /** Those before then; ends when that time has come. */
  readonly untilMs?: number
  readonly passes: (event: JournalEvent) => boolean
}

/** Gives events of the store at `root` to `show`, the oldest first, until `untilMs` has come or `signal` says so. */
export async function watchEvents(
  root: string,
  wishes: EventWishes,
  nowMs: () => number,
  signal: AbortSignal,
  show: (event: JournalEvent) => void,
): Promise<void> {
  const { sinceMs, untilMs, passes } = wishes
  const reader = new JournalReader(root)
  const watcher = watch(reader.directory)
  const isWanted = (event: JournalEvent): boolean =>
    (sinceMs === undefined || event.timeMs >= sinceMs) && (untilMs === undefined || event.timeMs <= untilMs)
  const showNew = (): void => {
    for (const event of reader.read()) if (isWanted(event) && passes(event)) show(event)
  }
  try {
    const past = reader.past()
    if (sinceMs === undefined && untilMs === undefined) reader.read()
    else for (const event of past) if (isWanted(event) && passes(event)) show(event)
    showNew()
    watcher.on('change', showNew).on('error', () => undefined)
    await over(untilMs === undefined ? undefined : untilMs - nowMs(), signal)
    showNew()
  } finally {
    watcher.close()
    reader.close()
  }
}

const longestTimerMs = 2 ** 31 - 1

function over(waitMs: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || (waitMs !== undefined && waitMs <= 0)) {
      resolve()
      return
    }
    const timer = setTimeout(resolve, Math.min(waitMs ?? longestTimerMs, longestTimerMs))
    const end = (): void => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
}
