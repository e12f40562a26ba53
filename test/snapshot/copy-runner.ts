import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileSelection, type SelectFilesResult, ToolError } from '../../src/base/index.ts'
import { openContext } from '../../src/context/index.ts'
import { digestLayer, sniffArchive, unpackArchive } from '../../src/layer/index.ts'
import {
  applyCopy,
  applyWorkdir,
  openEmptyWorkspace,
  openView,
  openWorkspace,
  resolveOwner,
  selectInRoot,
} from '../../src/snapshot/index.ts'
import { listXattrs, setXattr } from '../../src/sys/index.ts'

/**
 * Runs COPY, ADD and WORKDIR on a real overlay, in a mount namespace (and maybe user namespace) of its own: reads a
 * list of `CopyJob` from stdin, writes a list of `CopyOutcome` to stdout.
 */
export interface CopyJob {
  readonly flavour: 'trusted' | 'user'
  /** Shell commands that fill the base image, the build context, and the image `--from` names. */
  readonly image?: string
  readonly context?: string
  readonly from?: string
  /** Extended attributes of files in the image `--from` names: `[path, name, value]`. */
  readonly xattrs?: readonly (readonly [path: string, name: string, value: string])[]
  readonly steps: readonly CopyStep[]
  /** Shell commands that run in the context at the end. */
  readonly cleanUp?: string
}

export interface CopyStep {
  readonly sources?: readonly string[]
  readonly destination?: string
  readonly from?: boolean
  readonly chown?: string
  readonly chmod?: string
  readonly unpack?: boolean
  readonly inline?: readonly { readonly name: string; readonly content: string }[]
  /** On an empty root of its own, whose files the outcome then lists. */
  readonly link?: boolean
  /** WORKDIR instead of COPY. */
  readonly workdir?: string
  /** Shell commands that run in the context between selecting and copying. */
  readonly meanwhile?: string
}

export interface CopyOutcome {
  /** The whole root file system: `path type mode uid:gid seconds.fraction [target] content-or-links`. */
  readonly tree: readonly string[]
  /** Paths in the upper directory. */
  readonly upper: readonly string[]
  /** `path name` of their extended attributes, but overlay's own unless the step was linked. */
  readonly upperXattrs: readonly string[]
  readonly diffId: string
  readonly contentDigests: readonly string[]
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string | undefined }
}

function shell(directory: string, script: string | undefined): void {
  mkdirSync(directory, { recursive: true })
  execFileSync('sh', ['-euc', `umask 022; cd "$1"; ${script ?? ''}`, 'sh', directory])
}

function show(directory: string, format: string): string[] {
  return execFileSync('sh', [
    '-euc',
    `cd "$1"; find . -mindepth 1 -printf '${format}' | LC_ALL=C sort`,
    'sh',
    directory,
  ])
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '')
}

function selected(result: SelectFilesResult): FileSelection {
  if (result.kind === 'selected') return result.selection
  throw new ToolError('source-not-found', JSON.stringify(result.missing))
}

async function runStep(home: string, step: CopyStep, root: string, contentDigests: string[]): Promise<void> {
  const owner = step.chown === undefined ? {} : { owner: resolveOwner(root, step.chown) }
  if (step.workdir !== undefined) {
    applyWorkdir({ targetRoot: root, path: step.workdir, owner: owner.owner ?? { uid: 0, gid: 0 } })
    return
  }
  const directory = step.from === true ? join(home, 'view', 'root') : join(home, 'context')
  const sources = step.sources ?? []
  const context = {
    directory,
    dockerfile: join(directory, 'Dockerfile'),
    memoFile: join(home, 'memo'),
    nowMs: Date.now,
  }
  const selection = selected(
    step.from === true ? selectInRoot(directory, sources, []) : openContext(context).select(sources, []),
  )
  contentDigests.push(selection.contentDigest)
  if (step.meanwhile !== undefined) shell(join(home, 'context'), step.meanwhile)
  const unpack = async (archive: string, to: string): Promise<boolean> => {
    if (sniffArchive(archive) === undefined) return false
    await unpackArchive(archive, root, to, owner)
    return true
  }
  await applyCopy({
    ...(sources.length === 0 ? {} : { source: { root: directory, selection } }),
    ...(step.inline === undefined ? {} : { inline: step.inline }),
    targetRoot: root,
    destination: step.destination ?? '/',
    ...owner,
    ...(step.chmod === undefined ? {} : { chmod: step.chmod }),
    ...(step.unpack === true ? { unpackArchive: unpack } : {}),
  })
}

async function run(home: string, job: CopyJob): Promise<CopyOutcome> {
  const contentDigests: string[] = []
  shell(join(home, 'layers', 'image'), job.image)
  shell(join(home, 'layers', 'from'), job.from)
  shell(join(home, 'context'), job.context)
  for (const [path, name, value] of job.xattrs ?? [])
    setXattr(join(home, 'layers', 'from', path), name, Buffer.from(value))
  for (const name of ['step', 'view']) mkdirSync(join(home, name))
  const settings = { layersDirectory: join(home, 'layers'), overlay: job.flavour, workingDirectory: '/' } as const
  const view = openView(settings, ['from'], join(home, 'view'))
  const isLink = job.steps.some((step) => step.link === true)
  const workspace = isLink
    ? openEmptyWorkspace(join(home, 'step'))
    : openWorkspace(settings, ['image'], join(home, 'step'))
  let error: CopyOutcome['error']
  try {
    for (const step of job.steps) await runStep(home, step, workspace.root, contentDigests)
  } catch (thrown) {
    if (!(thrown instanceof ToolError)) throw thrown
    error = { code: thrown.code, message: thrown.message, hint: thrown.hint }
  }
  const tree = show(workspace.root, '%P %y %m %U:%G %T@ %l %n %s\\n')
  workspace.unmount()
  view.unmount()
  const upper = show(workspace.upper, '%P\\n')
  const upperXattrs = upper.flatMap((path) =>
    listXattrs(join(workspace.upper, path))
      .filter((name) => isLink || !name.includes('.overlay.'))
      .sort()
      .map((name) => `${path} ${name}`),
  )
  const { diffId } = digestLayer(workspace.upper, { overlay: job.flavour })
  return { tree, upper, upperXattrs, diffId, contentDigests, ...(error === undefined ? {} : { error }) }
}

const chunks: Buffer[] = []
for await (const chunk of process.stdin) chunks.push(chunk)
const jobs: readonly CopyJob[] = JSON.parse(Buffer.concat(chunks).toString())
const outcomes: CopyOutcome[] = []
for (const job of jobs) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'copy-test-')))
  try {
    outcomes.push(await run(home, job))
  } finally {
    shell(join(home, 'context'), job.cleanUp)
    rmSync(home, { recursive: true, force: true })
  }
}
process.stdout.write(JSON.stringify(outcomes))
