import { sanitizeForTerminal } from '../base/index.ts'
import { compileEventFilters } from '../engine/event-filter.ts'
import { storeRoot } from '../engine/host.ts'
import { watchEvents } from '../engine/watch-events.ts'
import { compileTemplate, eventJson, eventLine, eventTemplateFields, type ShownEvent } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import { onInterrupt } from './interrupt.ts'
import type { EventsFlags } from './lifecycle-flags.ts'
import { parseTime } from './parse-time.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore events`; returns the exit code. */
export async function runEvents(flags: EventsFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const { since, until } = flags
  const show = showAs(flags.format)
  const wishes = {
    passes: compileEventFilters(flags.filter),
    ...(since === undefined ? {} : { sinceMs: Date.parse(parseTime(since, host.nowMs(), '--since')) }),
    ...(until === undefined ? {} : { untilMs: Date.parse(parseTime(until, host.nowMs(), '--until')) }),
  }
  const abort = new AbortController()
  // Whoever read our output does not any more.
  process.stdout.on('error', () => abort.abort())
  const restore = onInterrupt(() => abort.abort())
  try {
    await watchEvents(storeRoot(host, root), wishes, host.nowMs, abort.signal, (event) => {
      process.stdout.write(`${show(event)}\n`)
    })
    return abort.signal.aborted ? exitCodes.interrupted : exitCodes.done
  } finally {
    restore()
  }
}

function showAs(format: string | undefined): (event: ShownEvent) => string {
  if (format === 'json' || format === '{{json .}}') return eventJson
  if (format === undefined) {
    return (event) => sanitizeForTerminal(eventLine(event, new Date(event.timeMs).getTimezoneOffset()))
  }
  const fill = compileTemplate(format)
  return (event) => sanitizeForTerminal(fill(eventTemplateFields(event)))
}
