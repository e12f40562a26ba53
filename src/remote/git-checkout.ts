import { chmodSync, lstatSync, lutimesSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Git, GitCall } from './git-command.ts'

export interface CheckoutRequest {
  /** The bare repository that has the commit. */
  readonly repository: string
  readonly commit: string
  /** Where submodules with relative addresses are looked for, and what `.git` names as its origin. */
  readonly url: string
  readonly shown: string
  readonly keepGitDir: boolean
  readonly submodules: boolean
  readonly signal: AbortSignal
}

/**
 * Checks a commit out into an empty directory, submodules included. Files are 0644 or 0755 and have the time of the
 * commit, whatever machine and day it is: the same commit gives the same tree.
 */
export async function checkOut(git: Git, directory: string, request: CheckoutRequest): Promise<void> {
  const { repository, commit, url, shown, signal } = request
  const run = (args: readonly string[], reach: GitCall['reach'] = 'local'): Promise<string> =>
    git.run(`cannot check out ${shown}`, { args, cwd: directory, reach, signal })
  await run(['init', '--quiet', '--template=', '.'])
  const fetch = ['fetch', '--quiet', '--depth=1', '--no-tags', '--no-write-fetch-head']
  await run([...fetch, '--', repository, `${commit}:${keptRef}`])
  await run(['checkout', '--quiet', '--detach', '--force', commit])
  const seconds = Number((await run(['show', '--no-patch', '--format=%ct', commit])).trim())
  await run(['remote', 'add', 'origin', url])
  if (request.submodules && isFile(join(directory, '.gitmodules'))) {
    const update = ['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1', '--checkout']
    await run(update, 'network')
  }
  if (request.keepGitDir) await tidyGitDirectory(directory, withoutCredentials(url), run)
  else removeGitDirectories(directory)
  settle(directory, seconds)
}

/** A ref keeps the shallow commit from being garbage in the new repository. */
const keptRef = 'refs/longshore/commit'

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** Makes `.git` a function of the commit: no logs, no file times of this machine in the index, no passwords. */
async function tidyGitDirectory(
  directory: string,
  url: string,
  run: (args: readonly string[]) => Promise<string>,
): Promise<void> {
  await run(['remote', 'set-url', 'origin', url])
  for (const name of ['logs', 'FETCH_HEAD', 'ORIG_HEAD', 'index'])
    rmSync(join(directory, '.git', name), { recursive: true, force: true })
  await run(['read-tree', 'HEAD'])
}

function withoutCredentials(url: string): string {
  return url.replace(/^(https?:\/\/)[^/@]*@/i, '$1')
}

/** Removes `.git`, and the files by which submodules point into it. */
function removeGitDirectories(directory: string): void {
  rmSync(join(directory, '.git'), { recursive: true, force: true })
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGitDirectories(join(directory, entry.name))
  }
}

/** Gives everything below the modes git knows, and the time of the commit. */
function settle(directory: string, seconds: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) settle(path, seconds)
    if (!entry.isSymbolicLink()) {
      const executable = entry.isDirectory() || (lstatSync(path).mode & 0o100) !== 0
      chmodSync(path, executable ? 0o755 : 0o644)
    }
    lutimesSync(path, seconds, seconds)
  }
}
