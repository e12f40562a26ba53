import { assertNever, sanitizeForTerminal } from '../base/index.ts'
import type { BuildEvent } from '../build/index.ts'

/** Turns build events into lines of text; `write` is called with whole lines, line end included. */
export interface Reporter {
  report(event: BuildEvent): void
}

interface TaskState {
  readonly number: number
  readonly startMs: number
  /** Output that has no line end yet, apart for each stream. */
  readonly pending: { stdout: Uint8Array[]; stderr: Uint8Array[] }
}

/**
 * BuildKit's plain progress: `#n [stage i/m] INSTRUCTION`, `#n 0.123 output`, `#n CACHED`, `#n DONE 0.3s`,
 * `#n ERROR: …`. Escape sequences in output are dropped, other control characters shown.
 */
export function plainReporter(write: (text: string) => void): Reporter {
  const tasks = new Map<string, TaskState>()
  let next = 1
  return {
    report(event) {
      switch (event.kind) {
        case 'task-start':
          tasks.set(event.task, { number: next, startMs: event.timeMs, pending: { stdout: [], stderr: [] } })
          write(`#${next} ${sanitizeForTerminal(event.label)}\n`)
          next += 1
          break
        case 'task-output': {
          const task = tasks.get(event.task)
          if (task !== undefined) for (const line of outputLines(task, event)) write(line)
          break
        }
        case 'task-progress': {
          const task = tasks.get(event.task)
          if (task !== undefined && event.bytes === event.totalBytes)
            write(`#${task.number} ${event.name} ${formatBytes(event.bytes)}\n`)
          break
        }
        case 'task-end': {
          const task = tasks.get(event.task)
          if (task === undefined) break
          for (const line of pendingLines(task, event.timeMs)) write(line)
          write(`#${task.number} ${endText(event)}\n\n`)
          tasks.delete(event.task)
          break
        }
        // Diagnostics need the source text and the result goes to stdout: the command prints both.
        case 'diagnostic':
        case 'result':
        case 'error':
          break
        default:
          assertNever(event)
      }
    },
  }
}

function endText(event: Extract<BuildEvent, { kind: 'task-end' }>): string {
  switch (event.status) {
    case 'cached':
      return 'CACHED'
    case 'done':
      return `DONE ${formatSeconds(event.durationMs)}`
    case 'failed':
      return `ERROR: ${sanitizeForTerminal(event.error ?? 'failed')}`
    case 'canceled':
      return 'CANCELED'
    default:
      return assertNever(event.status)
  }
}

function outputLines(task: TaskState, event: Extract<BuildEvent, { kind: 'task-output' }>): string[] {
  const bytes = Buffer.from(event.data, 'base64')
  const lines: string[] = []
  const parts = task.pending[event.stream]
  let from = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
    parts.push(bytes.subarray(from, at))
    lines.push(outputLine(task, Buffer.concat(parts), event.timeMs))
    parts.length = 0
    from = at + 1
  }
  if (from < bytes.length) parts.push(bytes.subarray(from))
  return lines
}

function pendingLines(task: TaskState, timeMs: number): string[] {
  return [task.pending.stdout, task.pending.stderr]
    .filter((parts) => parts.length > 0)
    .map((parts) => outputLine(task, Buffer.concat(parts), timeMs))
}

function outputLine(task: TaskState, bytes: Buffer, timeMs: number): string {
  const seconds = ((timeMs - task.startMs) / 1000).toFixed(3)
  return `#${task.number} ${seconds} ${cleanOutput(bytes.toString('utf8'))}\n`
}

/** One line of process output without escape sequences; of what a carriage return overwrote, only the last stays. */
export function cleanOutput(line: string): string {
  const plain = line
    .replace(/\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]/g, '')
    .replace(/\r+$/, '')
  return sanitizeForTerminal(plain.slice(plain.lastIndexOf('\r') + 1))
}

/** Seconds with one decimal: `0.3s`. */
export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)}s`
}

/** A size in decimal units with at most four digits, as docker prints it: `1.98MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${Number(value.toPrecision(value >= 1000 ? 4 : 3))}${units[unit]}`
}
