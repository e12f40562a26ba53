import type { EmitEvent } from '../build/index.ts'
import { plainReporter, terminalReporter } from '../report/index.ts'

/** Shows events on stderr; `end` leaves the terminal as it should stay. */
export interface Progress {
  readonly report: EmitEvent
  end(): void
}

/** Milliseconds between two drawings: fast enough for the eye, slow enough for a remote terminal. */
const frameMs = 100

/**
 * Progress as `--progress` wants it: `tty` draws, `plain` writes lines, `auto` draws where stderr is a terminal that can
 * do it and no CI system stands behind it.
 */
export function openProgress(mode: 'auto' | 'tty' | 'plain'): Progress {
  const { stderr, env } = process
  const write = (text: string): void => void stderr.write(text)
  const canDraw = stderr.isTTY && env['TERM'] !== undefined && env['TERM'] !== 'dumb'
  if (mode === 'plain' || !canDraw || (mode === 'auto' && isSet(env['CI']))) {
    const reporter = plainReporter(write)
    return { report: (event) => reporter.report(event), end: () => undefined }
  }
  const size = (): { columns: number; rows: number } => ({ columns: stderr.columns, rows: stderr.rows })
  const reporter = terminalReporter({ write, size, color: !isSet(env['NO_COLOR']) })
  const timer = setInterval(() => reporter.draw(Date.now()), frameMs)
  // What nobody waits for must not keep a failed command alive.
  timer.unref()
  return {
    report: (event) => reporter.report(event),
    end() {
      clearInterval(timer)
      reporter.end()
    },
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}
