import { sanitizeLine } from '../base/index.ts'
import type { BuildEvent } from '../build/index.ts'
import { plainReporter, type Reporter } from './plain.ts'

interface OpenTask {
  readonly label: string
  readonly startMs: number
  /** Plain lines that were not written yet. */
  held: string
  hasOutput: boolean
}

/**
 * Plain progress in sections that GitLab's log folds, one for each task with output. Sections cannot overlap: one task is
 * written as it goes, others are held back until it is done. `prefix` begins the names of sections, so that two builds of a
 * job have their own. Output can open no section, since plain lines have neither escape sequences nor carriage returns.
 */
export function gitlabReporter(write: (text: string) => void, prefix: string): Reporter & { end(): void } {
  const open = new Map<string, OpenTask>()
  let current: { readonly task: string; readonly section: string } | undefined
  /** Of tasks that ended while another was written. */
  let ended: (() => void)[] = []
  let sections = 0
  let written = ''
  const plain = plainReporter((text) => {
    written += text
  })
  const begin = (task: string, { label, startMs }: OpenTask): string => {
    sections += 1
    const section = `${prefix}_${sections}_${task.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 60)}`
    write(sectionStart(section, label, startMs))
    return section
  }
  const flush = (state: OpenTask): void => {
    write(state.held)
    state.held = ''
  }
  /** Writes a task as it goes from now on. */
  const follow = (task: string, state: OpenTask): void => {
    current = { task, section: begin(task, state) }
    flush(state)
  }
  const close = (task: string, state: OpenTask, timeMs: number): void => {
    open.delete(task)
    if (current?.task === task) {
      flush(state)
      write(sectionEnd(current.section, timeMs))
      current = undefined
      for (const one of ended) one()
      ended = []
      const next = [...open].find(([, { hasOutput }]) => hasOutput)
      if (next !== undefined) follow(...next)
      return
    }
    const whole = (): void => {
      const section = state.hasOutput ? begin(task, state) : undefined
      flush(state)
      if (section !== undefined) write(sectionEnd(section, timeMs))
    }
    if (current === undefined) whole()
    else ended.push(whole)
  }
  return {
    report(event: BuildEvent) {
      written = ''
      plain.report(event)
      if (!('task' in event)) return
      const { task } = event
      if (event.kind === 'task-start') {
        open.set(task, { label: event.label, startMs: event.timeMs, held: '', hasOutput: false })
      }
      const state = open.get(task)
      if (state === undefined) return
      state.held += written
      if (event.kind === 'task-end') return close(task, state, event.timeMs)
      if (event.kind === 'task-output') state.hasOutput = true
      if (current?.task === task) flush(state)
      else if (current === undefined && state.hasOutput) follow(task, state)
    },
    end() {
      for (const [task, state] of [...open]) close(task, state, state.startMs)
    },
  }
}

/** The line that begins a section of GitLab's log, folded. */
function sectionStart(name: string, title: string, timeMs: number): string {
  return `\x1b[0Ksection_start:${Math.floor(timeMs / 1000)}:${name}[collapsed=true]\r\x1b[0K${sanitizeLine(title)}\n`
}

function sectionEnd(name: string, timeMs: number): string {
  return `\x1b[0Ksection_end:${Math.floor(timeMs / 1000)}:${name}\r\x1b[0K\n`
}
