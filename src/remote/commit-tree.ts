import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { Git } from './git-command.ts'

/** A file, symlink or submodule of a commit. */
export interface CommitEntry {
  /** As git has it: 0o100644, 0o100755, 0o120000 (symlink), 0o160000 (a submodule that could not be looked into). */
  readonly mode: number
  /** Hash of the blob, or the commit of a submodule. */
  readonly id: string
}

/** What a commit holds, with its submodules where their commits are there. */
export interface CommitTree {
  /** Top of the working tree, symlinks resolved. */
  readonly root: string
  readonly commit: string
  readonly hash: 'sha1' | 'sha256'
  /** By path from the top. */
  readonly entries: ReadonlyMap<string, CommitEntry>
  /** Text of a file or symlink; undefined when the commit has none of that path. */
  text(path: string): Promise<string | undefined>
}

/** Submodules in submodules are looked into so deep. */
const deepest = 8

/**
 * Reads the list of files of a commit, in the repository that `directory` lies in. `REF...` is the commit where the current branch
 * left REF. Reads no index and no working tree. Throws `ToolError` `usage` for no repository and for a ref that it does not know, and `git-failed`.
 */
export async function readCommitTree(
  git: Git,
  directory: string,
  ref: string,
  signal: AbortSignal,
): Promise<CommitTree> {
  const call = { cwd: directory, reach: 'local', signal } as const
  const top = await git.attempt({ ...call, args: ['rev-parse', '--show-toplevel'] })
  if (top.exitCode !== 0) {
    throw new ToolError('usage', `"${directory}" is in no git repository, so nothing is known of "${ref}"`, {
      hint: 'run it inside the working tree of a repository',
    })
  }
  const root = realpathSync(top.stdout.replace(/\n$/, ''))
  const at = { ...call, cwd: root }
  const commit = await commitOf(git, at, ref)
  const format = await git.run('cannot read the format of the repository', {
    ...at,
    args: ['rev-parse', '--show-object-format'],
  })
  const entries = new Map<string, CommitEntry>()
  const homes = new Map<string, string>()
  await readInto(git, signal, { directory: root, prefix: '', commit, depth: 0 }, entries, homes)
  const hash = format.trim() === 'sha256' ? 'sha256' : 'sha1'
  return {
    root,
    commit,
    hash,
    entries,
    async text(path) {
      const entry = entries.get(path)
      if (entry === undefined || entry.mode === 0o160000) return undefined
      const unchanged = unchangedText(join(root, path), entry.id, hash)
      if (unchanged !== undefined) return unchanged
      const cwd = homes.get(path) ?? root
      return git.run(`cannot read ${path} of ${ref}`, { ...at, cwd, args: ['cat-file', 'blob', entry.id] })
    },
  }
}

/** The text of a file of the working tree that is the blob asked for: git need not be started then. */
function unchangedText(path: string, id: string, hash: CommitTree['hash']): string | undefined {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined
  const bytes = readFileSync(path)
  const own = createHash(hash).update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
  return own === id ? bytes.toString('utf8') : undefined
}

type LocalCall = Pick<Parameters<Git['attempt']>[0], 'cwd' | 'reach' | 'signal'>

async function commitOf(git: Git, call: LocalCall, ref: string): Promise<string> {
  const [, base] = /^(.+)\.\.\.$/.exec(ref) ?? []
  const name = base ?? ref
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
  const found = await git.attempt({ ...call, args })
  if (found.exitCode !== 0) {
    throw new ToolError('usage', `the repository knows no commit "${name}"`, {
      hint: 'fetch it first: a shallow clone has few of them (git fetch --unshallow, or fetch-depth: 0 in CI)',
    })
  }
  const commit = found.stdout.trim()
  if (base === undefined) return commit
  const forked = await git.run(`cannot find where the branch left ${name}`, {
    ...call,
    args: ['merge-base', commit, 'HEAD'],
  })
  return forked.trim()
}

interface Place {
  readonly directory: string
  readonly prefix: string
  readonly commit: string
  readonly depth: number
}

/** Lists a commit, and in place of a submodule what its commit holds, if its repository is there and has it. */
async function readInto(
  git: Git,
  signal: AbortSignal,
  { directory, prefix, commit, depth }: Place,
  entries: Map<string, CommitEntry>,
  homes: Map<string, string>,
): Promise<boolean> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', commit]
  const listed = await git.attempt({ cwd: directory, reach: 'local', signal, args })
  if (listed.exitCode !== 0) {
    if (prefix !== '') return false
    throw new ToolError('git-failed', `cannot list the files of ${commit}: ${listed.stderr.trim()}`)
  }
  for (const line of listed.stdout.split('\0')) {
    const [, mode, id, name] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line) ?? []
    if (mode === undefined || id === undefined || name === undefined) continue
    const path = `${prefix}${name}`
    const isModule = mode === '160000'
    const inside = { directory: join(directory, name), prefix: `${path}/`, commit: id, depth: depth + 1 }
    if (isModule && depth < deepest && (await isRepository(git, signal, inside.directory))) {
      if (await readInto(git, signal, inside, entries, homes)) continue
    }
    entries.set(path, { mode: Number.parseInt(mode, 8), id })
    if (prefix !== '') homes.set(path, directory)
  }
  return true
}

/** A submodule that was not fetched is an empty directory, in which git would find the repository around it. */
async function isRepository(git: Git, signal: AbortSignal, directory: string): Promise<boolean> {
  const args = ['rev-parse', '--show-toplevel']
  try {
    const found = await git.attempt({ cwd: realpathSync(directory), reach: 'local', signal, args })
    return found.exitCode === 0 && found.stdout.replace(/\n$/, '') === realpathSync(directory)
  } catch (error) {
    if (error instanceof ToolError && error.code === 'canceled') throw error
    // It is not there at all.
    return false
  }
}
