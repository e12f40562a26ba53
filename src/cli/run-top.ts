import { spawnSync } from 'node:child_process'
import { ToolError } from '../base/index.ts'
import { containerProcesses, openContainerRoom } from '../engine/containers.ts'
import { processTable } from '../engine/process-table.ts'
import { renderTable } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore top`; returns the exit code. */
export async function runTop(container: string, options: readonly string[], root: string | undefined): Promise<number> {
  try {
    const room = openContainerRoom(processHost(), root)
    const pids = await containerProcesses(room, room.containers.find(container))
    if (options.length > 0) process.stdout.write(psOutput(options, pids))
    else {
      const { header, rows } = processTable(pids, room.host.nowMs())
      process.stdout.write(renderTable(header, rows))
    }
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    process.stderr.write(errorText(error))
    return exitCodes.stepFailed
  }
}

/** The lines of this machine's ps(1) about those processes. */
function psOutput(options: readonly string[], pids: readonly number[]): string {
  const { status, stdout, stderr, error } = spawnSync('ps', options, { encoding: 'utf8' })
  if (error !== undefined || status !== 0) {
    throw new ToolError('usage', `ps ${options.join(' ')} failed: ${error?.message ?? stderr.trim()}`, {
      hint: 'install procps, or leave the options out',
    })
  }
  const [header = '', ...lines] = stdout.trimEnd().split('\n')
  const column = header.trim().split(/\s+/).indexOf('PID')
  if (column < 0) {
    throw new ToolError('usage', 'ps shows no PID column with these options', { hint: 'ask for one: -o pid,args' })
  }
  const own = lines.filter((line) => pids.includes(Number(line.trim().split(/\s+/)[column])))
  return `${[header, ...own].join('\n')}\n`
}
