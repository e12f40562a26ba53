import { randomBytes } from 'node:crypto'
import { readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { invariant, ToolError } from '../base/index.ts'
import { layerTar } from '../layer/index.ts'
import type { Layer } from '../ports/index.ts'
import { applyCopy, openView, selectInRoot } from '../snapshot/index.ts'
import type { Store } from '../store/index.ts'
import { makeDirectory } from '../sys/make-directory.ts'
import type { OutputSpec } from './output-spec.ts'
import { unpackLayers } from './unpack-layers.ts'
import type { Workshop } from './workshop.ts'
import { writeWhole, writingTo } from './write-file.ts'

export interface RootfsRequest {
  readonly store: Store
  readonly workshop: Workshop
  /** Layers of the image, bottom first. */
  readonly layers: readonly Layer[]
  readonly output: Extract<OutputSpec, { type: 'tar' | 'local' }>
}

/**
 * Writes the root filesystem of an image: as one tar with the owners of the image, or as files in a directory that
 * belong to the caller. Throws `ToolError` `output-failed` or `no-space`.
 */
export async function writeRootfs({ store, workshop, layers, output }: RootfsRequest): Promise<void> {
  const { session, overlay } = workshop
  await unpackLayers({ store, session, overlay }, layers)
  const directory = session.makeDirectory('output')
  const lowers = layers.map((layer) => store.layers.treeName(layer.diffId))
  try {
    const view = openView(workshop.snapshots, lowers, directory)
    try {
      await writingTo(output.dest, () =>
        output.type === 'tar'
          ? writeWhole(output.dest, layerTar(view.root, { overlay: workshop.overlay }))
          : writeFiles(view.root, output.dest, output.mode),
      )
    } finally {
      view.unmount()
    }
  } finally {
    session.removeDirectory(directory)
  }
}

/**
 * A directory that is not there yet appears with all its files at once. Into one that is there files are copied; with
 * `delete` they are made inside it first and take the place of what it held, so that a mount point or a link stays.
 */
async function writeFiles(root: string, dest: string, mode: 'copy' | 'delete'): Promise<void> {
  const existing = statSync(dest, { throwIfNoEntry: false })
  if (existing?.isDirectory() === false) {
    throw new ToolError('output-failed', `"${dest}" exists and is not a directory`, { hint: 'choose another dest=' })
  }
  if (existing !== undefined && mode === 'copy') {
    await copyFiles(root, dest)
    return
  }
  const name = `.longshore-${randomBytes(4).toString('hex')}.part`
  const fresh = existing === undefined ? join(dirname(dest), name) : join(dest, name)
  makeDirectory(fresh)
  try {
    await copyFiles(root, fresh)
    if (existing === undefined) renameSync(fresh, dest)
    else replaceEntries(dest, name)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    throw error
  }
}

/** Removes all that is in `directory` but the folder `name`, and moves in what that holds. */
function replaceEntries(directory: string, name: string): void {
  const fresh = join(directory, name)
  for (const old of rawNames(directory)) {
    if (old.toString() !== name) rmSync(rawJoin(directory, old), { recursive: true, force: true })
  }
  for (const entry of rawNames(fresh)) renameSync(rawJoin(fresh, entry), rawJoin(directory, entry))
  rmdirSync(fresh)
}

/** Names as bytes: those of images need not be text. */
function rawNames(directory: string): readonly Buffer[] {
  return readdirSync(directory, { encoding: 'buffer' })
}

function rawJoin(directory: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), name])
}

async function copyFiles(root: string, dest: string): Promise<void> {
  const result = selectInRoot(root, ['.'], [])
  invariant(result.kind === 'selected', 'the root of an image is always there')
  const owner = { uid: 0, gid: 0 }
  try {
    await applyCopy({ source: { root, selection: result.selection }, targetRoot: dest, destination: '/', owner })
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'step-failed') throw error
    throw new ToolError('output-failed', `in ${dest}: ${error.message}`, {
      hint: 'remove what is in the way, or replace the whole directory with mode=delete',
      cause: error,
    })
  }
}
