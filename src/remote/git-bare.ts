import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import { type Git, type GitResult, gitFailed } from './git-command.ts'
import type { ResolvedRef } from './git-refs.ts'

/** A commit wanted in the bare repository that is kept of an address. */
export interface CommitRequest {
  readonly repository: string
  readonly url: string
  readonly shown: string
  readonly wanted: ResolvedRef
  readonly signal: AbortSignal
}

/**
 * Brings a commit into a bare repository, made when missing: that commit alone where the server gives it out by its
 * ID, else by its name, else with everything. Throws `ToolError` `git-failed`, `remote-not-found`.
 */
export async function fetchCommit(git: Git, request: CommitRequest): Promise<void> {
  const { repository, shown, signal, wanted } = request
  const { commit } = wanted
  const doing = `cannot fetch ${shown}`
  await makeRepository(git, doing, request)
  const local = (...args: readonly string[]): Promise<GitResult> =>
    git.attempt({ args: ['-C', repository, ...args], reach: 'local', signal })
  const has = async (): Promise<boolean> => (await local('cat-file', '-e', `${commit}^{commit}`)).exitCode === 0
  if (await has()) return
  const shallow = (await local('rev-parse', '--is-shallow-repository')).stdout.trim() === 'true'
  const target = `refs/longshore/${commit}`
  let last: GitResult | undefined
  for (const way of waysToFetch(request, target, shallow)) {
    const args = ['-C', repository, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--force', ...way]
    last = await git.attempt({ args, reach: 'network', signal })
    if (last.exitCode !== 0 || !(await has())) continue
    // What no ref holds may go at any time.
    await git.run(doing, { args: ['-C', repository, 'update-ref', target, commit], reach: 'local', signal })
    return
  }
  if (last !== undefined && last.exitCode !== 0) throw gitFailed(doing, last)
  throw new ToolError('remote-not-found', `${shown} does not have the commit ${commit}`, {
    hint: 'check the ID; a commit that no branch and no tag leads to may be kept back by the server',
  })
}

/** Arguments of fetch, the cheapest first. */
function waysToFetch({ url, wanted }: CommitRequest, target: string, shallow: boolean): readonly (readonly string[])[] {
  const { commit, name } = wanted
  const all = ['+refs/heads/*:refs/longshore-heads/*', '+refs/tags/*:refs/longshore-tags/*']
  return [
    ['--depth=1', '--', url, `${commit}:${target}`],
    ...(name === undefined ? [] : [['--depth=1', '--', url, `${name}:${target}`]]),
    [...(shallow ? ['--unshallow'] : []), '--', url, ...all],
  ]
}

async function makeRepository(git: Git, doing: string, { repository, signal }: CommitRequest): Promise<void> {
  if (statSync(join(repository, 'HEAD'), { throwIfNoEntry: false }) !== undefined) return
  const run = (...args: readonly string[]): Promise<string> => git.run(doing, { args, reach: 'local', signal })
  await run('init', '--quiet', '--bare', '--template=', '--', repository)
  // Trees are checked out from here, by commit.
  await run('-C', repository, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
}
