import { existsSync, watch } from 'node:fs'
import { isActive, LogFile, type LogRecord, logPath } from '../container/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { connectSupervisor } from './supervised.ts'

/** Which lines of a container's output to show. */
export interface LogWishes {
  readonly follow: boolean
  /** The last so many lines; all when not given. */
  readonly tail?: number
  /** RFC 3339, to the nanosecond: lines of this time or later. */
  readonly since?: string
  /** Lines of this time or earlier. */
  readonly until?: string
}

/** Gives the lines of a container's output to `show`, the oldest first; with `follow` until it ends or `signal` says so. */
export async function readContainerLogs(
  room: ContainerRoom,
  id: string,
  wishes: LogWishes,
  signal: AbortSignal,
  show: (record: LogRecord) => void,
): Promise<void> {
  const directory = room.containers.path(id)
  const { since, until, tail } = wishes
  const passes = ({ time }: LogRecord): boolean =>
    (since === undefined || !isBefore(time, since)) && (until === undefined || !isBefore(until, time))
  // Looked at first: what is written before it ended is in the file then.
  const isRunning = isActive(room.containers.state(id))
  const { records, current } = readAll(directory)
  const shown = records.filter(passes)
  const lines = tail === undefined ? shown : lastLines(shown, tail)
  for (const record of lines) show(record)
  if (!wishes.follow || !isRunning || current === undefined) {
    current?.close()
    return
  }
  await follow(room, id, current, signal, (record) => {
    if (passes(record)) show(record)
  })
}

interface Opened {
  readonly records: readonly LogRecord[]
  /** The current file, open after its last whole record. */
  readonly current: LogFile | undefined
}

function readAll(directory: string): Opened {
  const records: LogRecord[] = []
  let oldest = 0
  while (existsSync(logPath(directory, oldest + 1))) oldest++
  for (let number = oldest; number > 0; number--) {
    const file = LogFile.open(logPath(directory, number))
    if (file !== undefined) records.push(...file.read())
    file?.close()
  }
  const current = LogFile.open(logPath(directory, 0))
  if (current !== undefined) records.push(...current.read())
  return { records, current }
}

/** A record may be a part of a line; a line ends with its newline. */
function lastLines(records: readonly LogRecord[], count: number): readonly LogRecord[] {
  let lines = 0
  let from = records.length
  while (from > 0) {
    const before = records[from - 1]
    if (before === undefined) break
    const endsLine = before.bytes.at(-1) === 0x0a || from === records.length
    if (endsLine && ++lines > count) break
    from -= 1
  }
  return records.slice(from)
}

/** Nanosecond times of one zone compare as texts once they are equally long. */
function isBefore(a: string, b: string): boolean {
  return comparable(a) < comparable(b)
}

function comparable(time: string): string {
  const [, seconds = '', fraction = ''] = /^([^.Z]*)(?:\.(\d+))?Z$/.exec(time) ?? []
  return `${seconds}.${fraction.padEnd(9, '0')}`
}

/** Reads what is appended, and goes on to the new file when the old one was put aside. */
async function follow(
  room: ContainerRoom,
  id: string,
  first: LogFile,
  signal: AbortSignal,
  show: (record: LogRecord) => void,
): Promise<void> {
  const directory = room.containers.path(id)
  let file = first
  const readOn = (): void => {
    for (const record of file.read()) show(record)
    const newest = LogFile.open(logPath(directory, 0))
    if (newest === undefined) return
    if (newest.inode === file.inode) {
      newest.close()
      return
    }
    for (const record of file.read()) show(record)
    file.close()
    file = newest
    for (const record of file.read()) show(record)
  }
  const watcher = watch(directory, readOn)
  watcher.on('error', () => undefined)
  try {
    await endOf(room, id, signal)
    readOn()
  } finally {
    watcher.close()
    file.close()
  }
}

/** Resolves when the container has ended for good, or its supervisor is gone, or nobody wants to wait any more. */
async function endOf(room: ContainerRoom, id: string, signal: AbortSignal): Promise<void> {
  try {
    const client = await connectSupervisor(room, id)
    signal.addEventListener('abort', () => client.close(), { once: true })
    if (signal.aborted) client.close()
    client.send({ op: 'wait' })
    await client.reply()
    client.close()
  } catch {
    // It ended between two looks, or we were told to stop: there is no more to come.
  }
}
