import { nearest, ToolError } from '../base/index.ts'
import type { Git } from './git-command.ts'

/** A commit, and the name under which the server has it. */
export interface ResolvedRef {
  readonly commit: string
  /** Full name; absent for a commit that was named by its ID. */
  readonly name?: string
}

const commitId = /^(?:[a-f0-9]{40}|[a-f0-9]{64})$/

/** Whether `ref` is a whole commit ID, which cannot mean anything else tomorrow. */
export function isCommitId(ref: string): boolean {
  return commitId.test(ref)
}

/**
 * Asks the server which commit a branch, a tag or a full ref name is now; without one, its default branch. A branch is
 * preferred to a tag of the same name, as git's checkout has it. Throws `ToolError` `remote-not-found`, `git-failed`.
 */
export async function resolveRef(
  git: Git,
  url: string,
  shown: string,
  ref: string | undefined,
  signal: AbortSignal,
): Promise<ResolvedRef> {
  if (ref !== undefined && isCommitId(ref)) return { commit: ref }
  const listing = await git.run(`cannot look into ${shown}`, {
    args: ['ls-remote', '--', url],
    reach: 'network',
    signal,
  })
  const refs = parseRefs(listing)
  const names =
    ref === undefined ? ['HEAD'] : [...(ref.startsWith('refs/') ? [ref] : []), `refs/heads/${ref}`, `refs/tags/${ref}`]
  for (const name of names) {
    // `^{}` is the commit that an annotated tag points at.
    const commit = refs.get(`${name}^{}`) ?? refs.get(name)
    if (commit !== undefined) return { commit, name }
  }
  throw notFound(shown, ref, refs)
}

function notFound(shown: string, ref: string | undefined, refs: ReadonlyMap<string, string>): ToolError {
  if (ref === undefined)
    return new ToolError('remote-not-found', `${shown} has no default branch`, { hint: 'name one: URL#BRANCH' })
  const short = [...refs.keys()].map((name) => name.replace(/^refs\/(?:heads|tags)\//, ''))
  const guess = nearest(
    ref,
    short.filter((name) => !name.endsWith('^{}')),
  )
  const hint =
    guess === undefined
      ? `git ls-remote shows what it has; a commit must be named by its whole ID`
      : `did you mean "${guess}"?`
  return new ToolError('remote-not-found', `${shown} has no branch or tag "${ref}"`, { hint })
}

function parseRefs(listing: string): ReadonlyMap<string, string> {
  const refs = new Map<string, string>()
  for (const line of listing.split('\n')) {
    const [commit = '', name = ''] = line.split('\t')
    if (isCommitId(commit) && name !== '') refs.set(name, commit)
  }
  return refs
}
