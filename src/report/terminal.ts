import { assertNever, sanitizeForTerminal } from '../base/index.ts'
import type { BuildEvent } from '../build/index.ts'
import { cleanOutput, formatBytes, formatSeconds, type Reporter } from './plain.ts'

/** The terminal that progress is drawn on. Size in characters, asked for anew at every drawing. */
export interface ProgressScreen {
  write(text: string): void
  size(): { readonly columns: number; readonly rows: number }
  readonly color: boolean
}

/** A reporter with something on the screen that moves. */
export interface TerminalReporter extends Reporter {
  /** Draws what changed and lets the seconds go on; `timeMs` is of the clock that events have. */
  draw(timeMs: number): void
  /** Takes away what moves; what is done stays. */
  end(): void
}

interface LiveTask {
  readonly label: string
  readonly startMs: number
  readonly tail: string[]
  pending: string
  readonly decoder: InstanceType<typeof TextDecoder>
  /** Of each thing that is being moved: bytes so far, and in all where that is known. */
  readonly moved: Map<string, readonly [number, number | undefined]>
}

const tailLines = 4
const gutter = 7

/**
 * Progress for a terminal: what is done stays above as one line each, below it what runs now with the last lines of its
 * output. Nothing is clipped for good: a failed step's output is printed by the command, every log is kept in the store.
 */
export function terminalReporter(screen: ProgressScreen): TerminalReporter {
  const tasks = new Map<string, LiveTask>()
  const counts = { done: 0, cached: 0 }
  let finished = ''
  let drawn = 0
  const erase = (): string => (drawn === 0 ? '' : `\x1b[${drawn}A\r\x1b[J`)
  return {
    report(event) {
      const task = 'task' in event ? tasks.get(event.task) : undefined
      switch (event.kind) {
        case 'task-start':
          tasks.set(event.task, newTask(event))
          break
        case 'task-output':
          if (task !== undefined) addOutput(task, event.data)
          break
        case 'task-progress':
          task?.moved.set(event.name, [event.bytes, event.totalBytes])
          break
        case 'task-end':
          if (task === undefined) break
          tasks.delete(event.task)
          if (event.status === 'cached') counts.cached += 1
          if (event.status === 'done') counts.done += 1
          finished += `${endLine(task, event, screen.color)}\n`
          break
        // Diagnostics need the source text and the result goes to stdout: the command prints both.
        case 'diagnostic':
        case 'result':
        case 'error':
          break
        default:
          assertNever(event)
      }
    },
    draw(timeMs) {
      if (finished === '' && tasks.size === 0) return
      const lines = liveLines([...tasks.values()], counts, timeMs, screen)
      // No wrapping of what moves, also where characters are wide: the number of lines to take away stays known.
      screen.write(`${erase()}${finished}\x1b[?7l${lines.map((line) => `${line}\n`).join('')}\x1b[?7h`)
      finished = ''
      drawn = lines.length
    },
    end() {
      if (drawn === 0 && finished === '') return
      screen.write(`${erase()}${finished}`)
      finished = ''
      drawn = 0
    },
  }
}

function newTask({ label, timeMs }: Extract<BuildEvent, { kind: 'task-start' }>): LiveTask {
  const text = sanitizeForTerminal(label).replace(/\s+/g, ' ')
  return { label: text, startMs: timeMs, tail: [], pending: '', decoder: new TextDecoder(), moved: new Map() }
}

function addOutput(task: LiveTask, data: string): void {
  const lines = (task.pending + task.decoder.decode(Buffer.from(data, 'base64'), { stream: true })).split('\n')
  // Whoever writes without end must not fill the memory.
  task.pending = (lines.pop() ?? '').slice(-4096)
  task.tail.push(...lines.map(cleanOutput))
  task.tail.splice(0, task.tail.length - tailLines)
}

function endLine(task: LiveTask, event: Extract<BuildEvent, { kind: 'task-end' }>, color: boolean): string {
  const { label } = task
  switch (event.status) {
    case 'cached':
      return `${painted('CACHED'.padStart(gutter), '36', color)} ${label}`
    case 'done':
      return `${painted(formatSeconds(event.durationMs).padStart(gutter), '32', color)} ${label}`
    case 'failed':
      return `${painted('ERROR'.padStart(gutter), '31', color)} ${label}: ${sanitizeForTerminal(event.error ?? 'failed')}`
    case 'canceled':
      return `${painted('CANCEL'.padStart(gutter), '33', color)} ${label}`
    default:
      return assertNever(event.status)
  }
}

function liveLines(
  tasks: readonly LiveTask[],
  counts: { readonly done: number; readonly cached: number },
  timeMs: number,
  { size, color }: ProgressScreen,
): readonly string[] {
  if (tasks.length === 0) return []
  const { rows, columns } = size()
  const room = Math.max(2, rows - 1)
  const shown = tasks.slice(0, room - 1)
  const spare = room - 1 - shown.length
  const perTask = Math.min(tailLines, Math.floor(spare / shown.length))
  const lines = shown.flatMap((task) => {
    const moved = movedText(task)
    const seconds = formatSeconds(Math.max(0, timeMs - task.startMs)).padStart(gutter)
    const head = `${painted(seconds, '1', color)}${cut(` ${task.label}`, columns - gutter - moved.length)}${moved}`
    const output = [...task.tail, ...(task.pending === '' ? [] : [cleanOutput(task.pending)])]
    const tail = perTask === 0 ? [] : output.slice(-perTask)
    return [head, ...tail.map((line) => painted(cut(`${' '.repeat(gutter)} | ${line}`, columns), '2', color))]
  })
  const hidden = tasks.length - shown.length
  const more = hidden === 0 ? '' : `, ${hidden} more`
  const summary = cut(`${tasks.length} running${more}, ${counts.done} done, ${counts.cached} cached`, columns)
  return [...lines, painted(summary, '2', color)]
}

function movedText({ moved }: LiveTask): string {
  if (moved.size === 0) return ''
  let bytes = 0
  let total: number | undefined = 0
  for (const [now, all] of moved.values()) {
    bytes += now
    total = total === undefined || all === undefined ? undefined : total + all
  }
  return total === undefined ? `  ${formatBytes(bytes)}` : `  ${formatBytes(bytes)} / ${formatBytes(total)}`
}

/** At most so many characters; what is longer ends in `…`. */
function cut(text: string, columns: number): string {
  if (text.length < columns) return text
  const characters = Array.from(text)
  return characters.length < columns ? text : `${characters.slice(0, Math.max(0, columns - 2)).join('')}…`
}

function painted(text: string, code: string, color: boolean): string {
  return color ? `\x1b[${code}m${text}\x1b[0m` : text
}
