import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { makeActor, unavailable, userNamespace } from '../support/actor.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import type { CopyJob, CopyOutcome } from './copy-runner.ts'

export type User = 'root' | 'user'

const runner = join(import.meta.dirname, 'copy-runner.ts')

/** Why these tests cannot run here as `user`, or undefined. */
export function obstacle(user: User): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  return user === 'root' ? undefined : unavailable('user')
}

/** One file of the resulting root file system. */
export interface Shown {
  readonly type: string
  readonly mode: string
  readonly owner: string
  /** Seconds since the epoch with their fraction, as text. */
  readonly mtime: string
  readonly target: string
  readonly links: number
  readonly size: number
}

export interface Result extends Omit<CopyOutcome, 'tree'> {
  readonly files: ReadonlyMap<string, Shown>
  /** `type mode owner` of a path, or `missing`. */
  brief(path: string): string
}

export type Job = Omit<CopyJob, 'flavour'>

/** Runs COPY steps on a real overlay, as root or as root of a user namespace. */
export function runCopies(user: User, job: Job): Result {
  const [result] = runJobs(user, [job])
  if (result === undefined) throw new Error('no result')
  return result
}

/** As `runCopies`, for several jobs in one process. */
export function runJobs(user: User, jobs: readonly Job[]): Result[] {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', runner] as const
  const command =
    user === 'root'
      ? ['unshare', '--mount', ...node]
      : makeActor('user', temporaryDirectory()).wrap([...userNamespace, ...node], '/', {})
  const [program = '', ...args] = command
  const input = JSON.stringify(jobs.map((job) => ({ ...job, flavour: user === 'root' ? 'trusted' : 'user' })))
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8', cwd: '/' })
  if (status !== 0) throw new Error(`copy runner failed: ${stderr}`)
  const outcomes: readonly CopyOutcome[] = JSON.parse(stdout)
  return outcomes.map(resultOf)
}

function resultOf(outcome: CopyOutcome): Result {
  const files = new Map(outcome.tree.map(parseLine))
  const brief = (path: string): string => {
    const file = files.get(path)
    return file === undefined ? 'missing' : `${file.type} ${file.mode} ${file.owner}`
  }
  return { ...outcome, files, brief }
}

function parseLine(line: string): readonly [string, Shown] {
  const match = /^(.*) (\S) (\d+) (\d+:\d+) (\S+) (.*) (\d+) (\d+)$/.exec(line)
  if (match === null) throw new Error(`unexpected line ${line}`)
  const [, path = '', type = '', mode = '', owner = '', mtime = '', target = '', links = '', size = ''] = match
  return [path, { type, mode, owner, mtime, target, links: Number(links), size: Number(size) }]
}
