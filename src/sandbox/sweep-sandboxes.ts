import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import { parseStat, processStartTime, readPid } from './host-processes.ts'
import { childFile, deleteFile, pidFile } from './state-directory.ts'
import { killTree } from './stop-container.ts'

/**
 * Ends what a dead process's containers left: `sessionDirectory` is its working area, the state directory is
 * `N-sandbox` in it. Processes are recognised by id and start time (the runtimes do the same), so that nobody else's
 * are touched. Returns when the kills are sent and the runtimes' state is gone; no error when there is nothing.
 */
export function sweepSandboxes(sessionDirectory: string): void {
  for (const name of list(sessionDirectory)) {
    if (!/^\d+-sandbox$/.test(name)) continue
    for (const id of list(join(sessionDirectory, name))) {
      if (!id.startsWith('.')) sweepEntry(join(sessionDirectory, name, id))
    }
  }
}

function sweepEntry(entry: string): void {
  // The builtin launch ends with its process, but a first process that has become another user stays.
  for (const file of [childFile, pidFile]) {
    const pid = readPid(join(entry, file))
    if (pid === undefined) continue
    const noted = parseStat(readFileSync(join(entry, file), 'latin1')).startTime
    if (processStartTime(pid) === noted) killTree(pid)
  }
  const [program, ...args] = deleteCommand(join(entry, deleteFile))
  // It complains when the container had not been made or is gone already: then nothing is left to delete.
  if (program !== undefined) spawnSync(program, args, { cwd: '/', env: { LC_ALL: 'C' }, stdio: 'ignore' })
  rmSync(entry, { recursive: true, force: true })
}

function deleteCommand(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return []
    throw error
  }
}
