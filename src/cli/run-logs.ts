import { ToolError } from '../base/index.ts'
import { readContainerLogs } from '../engine/container-logs.ts'
import { openContainerRoom } from '../engine/containers.ts'
import { exitCodes } from './exit-codes.ts'
import { onInterrupt } from './interrupt.ts'
import type { LogsFlags } from './lifecycle-flags.ts'
import { parseTime } from './parse-time.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore logs`; returns the exit code. */
export async function runLogs(names: readonly string[], flags: LogsFlags, root: string | undefined): Promise<number> {
  if (flags.build === true) {
    const [step, more] = names
    if (more !== undefined)
      throw new ToolError('usage', 'logs --build takes one step', { hint: 'quote a text with blanks' })
    const { runBuildLogs } = await import('./run-build-logs.ts')
    return runBuildLogs(step, flags, root)
  }
  if (names.length === 0) {
    throw new ToolError('usage', 'logs of which container?', {
      hint: 'name one (`longshore ps -a` lists them), or add --build for the output of build steps',
    })
  }
  return containerLogs(names, flags, root)
}

async function containerLogs(names: readonly string[], flags: LogsFlags, root: string | undefined): Promise<number> {
  const room = openContainerRoom(processHost(), root)
  const nowMs = room.host.nowMs()
  const { since, until, tail } = flags
  const wishes = {
    follow: flags.follow === true,
    ...(tail === 'all' ? {} : { tail }),
    ...(since === undefined ? {} : { since: parseTime(since, nowMs, '--since') }),
    ...(until === undefined ? {} : { until: parseTime(until, nowMs, '--until') }),
  }
  const abort = new AbortController()
  // Whoever read our output does not any more.
  process.stdout.on('error', () => abort.abort())
  const restore = onInterrupt(() => abort.abort())
  try {
    const ids = names.map((name) => room.containers.find(name))
    await Promise.all(
      ids.map((id) =>
        readContainerLogs(room, id, wishes, abort.signal, ({ stream, bytes, time }) => {
          const target = stream === 'stdout' ? process.stdout : process.stderr
          if (flags.timestamps === true) target.write(`${time} `)
          target.write(bytes)
        }),
      ),
    )
    return abort.signal.aborted ? exitCodes.interrupted : exitCodes.done
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    process.stderr.write(errorText(error))
    return exitCodes.stepFailed
  } finally {
    restore()
  }
}
