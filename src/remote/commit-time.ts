import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ToolError } from '../base/index.ts'
import { type Git, gitFailed } from './git-command.ts'

/**
 * Seconds since 1970 of the commit that is checked out where `directory` lies; undefined when that is in no repository,
 * or in one without a commit. Throws `ToolError` `git-failed` for a repository that git cannot read.
 */
export async function commitTime(git: Git, directory: string, signal: AbortSignal): Promise<number | undefined> {
  if (!isInRepository(directory)) return undefined
  const call = { cwd: directory, reach: 'local', signal } as const
  const args = ['rev-list', '--max-count=1', '--timestamp', 'HEAD']
  const found = await git.attempt({ ...call, args })
  if (found.exitCode === 0) return Number(found.stdout.split(' ')[0])
  const head = await git.attempt({ ...call, args: ['rev-parse', '--verify', '--quiet', 'HEAD'] })
  if (head.exitCode === 1) return undefined
  const { code, message } = gitFailed(`cannot read the time of the last commit in ${directory}`, found)
  throw new ToolError(code, message, { hint: 'mend the repository, or give a time: --source-date-epoch SECONDS' })
}

function isInRepository(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return true
    if (at === dirname(at)) return false
  }
}
