import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import { parseStat, processStartTime, signalProcess } from './host-processes.ts'
import { childFile, deleteFile, pidFile } from './state-directory.ts'

/**
 * Ends what the containers of a dead process left: `directory` is its working area, looked through for entries of state
 * directories. The warden has normally been quicker; this is for the case that it was killed too. A process is killed
 * only if it is still the one that was noted. A directory without containers is fine.
 */
export function sweepSandboxes(directory: string): void {
  for (const entry of findEntries(directory, 4)) {
    const noted = readText(join(entry, childFile))
    const pid = Number.parseInt(noted ?? '', 10)
    if (noted !== undefined && pid > 1 && processStartTime(pid) === parseStat(noted).startTime) {
      const init = Number.parseInt(readText(join(entry, pidFile)) ?? '', 10)
      if (init > 1) signalProcess(init, 'SIGKILL', () => true)
      signalProcess(pid, 'SIGKILL', () => true)
    }
    const [program, ...args] = (readText(join(entry, deleteFile)) ?? '').split('\n')
    if (program !== undefined && program !== '') spawnSync(program, args, { stdio: 'ignore', cwd: '/', env: {} })
  }
}

function findEntries(directory: string, depth: number): readonly string[] {
  const entries = list(directory)
  if (entries.includes(childFile)) return [directory]
  return depth === 0 ? [] : entries.flatMap((name) => findEntries(join(directory, name), depth - 1))
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoCode(error) ?? '')) return []
    throw error
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return undefined
    throw error
  }
}
