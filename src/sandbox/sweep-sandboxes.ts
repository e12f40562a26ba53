import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import * as sys from '../sys/index.ts'
import { childrenOf, parseStat, processStartTime, signalProcess } from './host-processes.ts'
import { toolEnv } from './host-tools.ts'
import { childFile, deleteFile, lockFile, pidFile } from './state-directory.ts'

/**
 * Ends the containers of processes that are gone (their lock is free) and deletes what is known of them. Returns how
 * many containers there were. Any number of processes may sweep the same directory at the same time.
 */
export function sweepSandboxes(stateDirectory: string, env: Readonly<Record<string, string | undefined>>): number {
  let count = 0
  for (const name of list(stateDirectory)) {
    const directory = join(stateDirectory, name)
    // A name with a dot is just being made, before its lock is held.
    if (name.startsWith('.')) continue
    const lock = openLock(directory)
    if (lock === undefined) continue
    try {
      if (!sys.tryLock(lock, 'exclusive')) continue
      for (const id of list(directory)) {
        if (id === lockFile) continue
        endContainer(join(directory, id), env)
        count++
      }
      rmSync(directory, { recursive: true, force: true })
    } finally {
      closeSync(lock)
    }
  }
  return count
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}

function openLock(directory: string): number | undefined {
  try {
    return openSync(join(directory, lockFile), 'r')
  } catch (error) {
    // The warden of that process was faster.
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** A runtime knows its container and deletes it by itself; what the builtin isolation started is recorded with its start time. */
function endContainer(entry: string, env: Readonly<Record<string, string | undefined>>): void {
  for (const file of [pidFile, childFile]) {
    const line = read(join(entry, file))
    const pid = Number.parseInt(line, 10)
    if (Number.isNaN(pid)) continue
    const isRecorded = (): boolean => processStartTime(pid) === parseStat(line).startTime
    if (!isRecorded()) continue
    for (const below of file === childFile ? childrenOf(pid) : []) signalProcess(below, 'SIGKILL', isRecorded)
    signalProcess(pid, 'SIGKILL', isRecorded)
  }
  const [program, ...args] = read(join(entry, deleteFile)).split('\n')
  if (program) spawnSync(program, args, { env: toolEnv(env), stdio: 'ignore', cwd: '/' })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return ''
    throw error
  }
}
