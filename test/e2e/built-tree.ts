import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FileTree, renderTree } from '../conformance/file-tree.ts'
import { readLayout } from '../conformance/index.ts'
import { type Actor, giveTo, longshoreAsync, type RunOptions } from '../support/actor.ts'

/** How a build went, and the tree of the image when it went well. */
export interface BuiltTree {
  readonly status: number
  readonly stderr: string
  readonly imageId: string
  /** Absolute path → one line, as fixtures/conformance has it. */
  readonly lines: Readonly<Record<string, string>>
  readonly tree: FileTree
  /** Number of steps that were executed. */
  readonly executed: number
}

let counter = 0

/** Builds with the arguments given, without blocking servers of this process, and reads the image's files. */
export async function buildTree(actor: Actor, args: readonly string[], options: RunOptions = {}): Promise<BuiltTree> {
  counter += 1
  const folder = join(actor.home, 'out')
  mkdirSync(folder, { recursive: true })
  giveTo(actor, folder)
  const out = join(folder, String(counter))
  const built = await longshoreAsync(actor, ['build', ...args, '-o', `type=oci,tar=false,dest=${out}`], options)
  const tree: FileTree = built.status === 0 ? (await readLayout(out)).tree : new Map()
  const executed = built.stderr.match(/^#(\d+) \[(?!internal)[^\n]*\n(?:#\1 (?!CACHED|ERROR)[^\n]*\n)*#\1 DONE/gm) ?? []
  return {
    status: built.status,
    stderr: built.stderr,
    imageId: built.stdout.trim(),
    lines: Object.fromEntries(renderTree(tree)),
    tree,
    executed: executed.length,
  }
}
