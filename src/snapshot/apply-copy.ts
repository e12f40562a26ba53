import { lchownSync, writeFileSync } from 'node:fs'
import {
  baseName,
  type FileOwner,
  type FileSelection,
  invariant,
  joinPath,
  parentPath,
  type SelectedPath,
  ToolError,
} from '../base/index.ts'
import { setTimes } from '../sys/index.ts'
import { changedMode } from './chmod.ts'
import { copyEntries, removeFile } from './copy-entries.ts'
import { snapshotError } from './rooted.ts'
import { setMode } from './set-mode.ts'
import { SourceRoot } from './source-file.ts'
import { type MadeDirectory, TargetRoot } from './target-root.ts'

/** Mode of a heredoc's file. */
const inlineMode = 0o644

export interface CopyRequest {
  /** Where files come from; absent when all of them are inline. */
  readonly source?: { readonly root: string; readonly selection: FileSelection }
  /** Mounted, writable root filesystem. */
  readonly targetRoot: string
  /** Files made of nothing but their content, after those of `source`: 0644, 0:0, time 0. */
  readonly inline?: readonly { readonly name: string; readonly content: string }[]
  /** Absolute; a slash at the end makes it a directory. */
  readonly destination: string
  /** --chown; absent keeps the owners of the selection. */
  readonly owner?: FileOwner
  /** --chmod, validated. */
  readonly chmod?: string
  /** ADD: called with each file; true means it was an archive and has been unpacked into the directory given. */
  readonly unpackArchive?: (archive: string, directory: string) => Promise<boolean>
}

/**
 * COPY and ADD of local files, with BuildKit's rules (dockerfile.md 1.7): a directory brings its contents; an existing
 * directory, or a slash at the end, takes files in; missing parents are made; merging leaves the top directory's own
 * metadata and gives nested ones the source's; a file never replaces a directory nor the reverse. Times of files are
 * kept to the nanosecond, those of directories are a function of the inputs. Throws `ToolError` `step-failed` for what
 * cannot be copied that way, `context-unreadable` for a source that changed since it was selected, `no-space`.
 */
export async function applyCopy(request: CopyRequest): Promise<void> {
  const source = request.source && new SourceRoot(request.source.root)
  const target = new TargetRoot(request.targetRoot)
  try {
    for (const match of request.source?.selection.sources.flatMap(({ matches }) => matches) ?? []) {
      invariant(source !== undefined, 'a match without a source')
      await copyMatch(request, source, target, match)
    }
    for (const file of request.inline ?? []) writeInline(request, target, file)
    target.times.apply()
  } catch (error) {
    throw snapshotError(`copy to "${request.destination}"`, error)
  } finally {
    target.close()
    source?.close()
  }
}

async function copyMatch(
  request: CopyRequest,
  source: SourceRoot,
  target: TargetRoot,
  match: SelectedPath,
): Promise<void> {
  const { destination, unpackArchive } = request
  const archive = match.type === 'file' ? match.entries[0] : undefined
  if (unpackArchive !== undefined && archive !== undefined && archive.content === undefined) {
    const before = target.resolve(destination)
    if (before.kind === 'missing') target.times.keep(before.directory)
    else if (before.kind === 'found' && before.node.type === 'directory') target.times.keep(before.path)
    if (await source.withPath(match.resolved, archive, (path) => unpackArchive(path, destination))) {
      if (before.kind === 'missing') target.noteMade(before.directory, before.rest)
      return
    }
  }
  const made = madeDirectory(request)
  const place =
    match.type === 'directory'
      ? directoryPlace(request, target, made)
      : filePlace(request, target, made, baseName(match.path))
  copyEntries({ source, target, match, place, owner: request.owner, chmod: request.chmod })
}

function writeInline(request: CopyRequest, target: TargetRoot, file: { name: string; content: string }): void {
  const place = filePlace(request, target, madeDirectory(request), file.name)
  const { uid, gid } = request.owner ?? { uid: 0, gid: 0 }
  target.times.keep(parentPath(place))
  removeFile(target, place)
  const at = target.path(place)
  writeFileSync(at, file.content, { flag: 'wx' })
  lchownSync(at, uid, gid)
  setMode(at, request.chmod === undefined ? inlineMode : changedMode(request.chmod, inlineMode, false))
  setTimes(at, 0n)
}

/** Directories on the way to the destination take --chown and an octal --chmod, else 0755. */
function madeDirectory({ owner, chmod }: CopyRequest): MadeDirectory {
  const mode = chmod !== undefined && /^[0-7]+$/.test(chmod) ? changedMode(chmod, 0, true) : 0o755
  return { owner, mode }
}

/** Where the contents of a directory go: the destination itself, made when it is missing. */
function directoryPlace({ destination }: CopyRequest, target: TargetRoot, made: MadeDirectory): string {
  const found = target.resolve(destination)
  if (found.kind === 'found' && found.node.type !== 'directory') {
    throw new ToolError('step-failed', `cannot copy a directory to "${destination}": a file is there`, {
      hint: 'choose another destination, or remove the file in an earlier RUN step',
    })
  }
  return target.makeDirectories(destination, made)
}

/** Where a file goes: into the destination when that is a directory or ends in a slash, else under its very name. */
function filePlace({ destination }: CopyRequest, target: TargetRoot, made: MadeDirectory, name: string): string {
  if (destination.endsWith('/')) return joinPath(target.makeDirectories(destination, made), name)
  const found = target.resolve(destination)
  if (found.kind === 'found') return found.node.type === 'directory' ? joinPath(found.path, name) : found.path
  if (found.kind === 'blocked' && found.reason === 'too-many-links') {
    const message = `cannot copy to "${destination}": "/${found.path}" is a symlink that leads in a circle`
    const hint = 'choose another destination, or remove the symlink in an earlier RUN step'
    throw new ToolError('step-failed', message, { hint })
  }
  // A symlink to nowhere is followed: the file is made where it points.
  const wanted =
    found.kind === 'missing'
      ? `/${[found.directory, ...found.rest].filter((part) => part !== '').join('/')}`
      : destination
  return joinPath(target.makeDirectories(parentPath(wanted), made), baseName(wanted))
}
