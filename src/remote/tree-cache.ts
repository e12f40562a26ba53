import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode, storeAction } from '../base/index.ts'
import { holdTree, isHeld } from './tree-holders.ts'

/** A tree of files that was fetched. It never changes. */
export interface KeptTree {
  readonly directory: string
  /** Where fingerprints of its files may be remembered. */
  readonly memoFile: string
}

/** What was fetched, in a directory of the store. All of it can be fetched again. */
export interface TreeCache {
  /** The tree called `id`, if it is there whole. */
  find(id: string): KeptTree | undefined
  /** Keeps the tree that `fill` makes in an empty directory, unless another process was faster. */
  keep(id: string, fill: (directory: string) => Promise<void>): Promise<KeptTree>
  /** A fresh path on the same disk. */
  temporaryPath(): string
  /** What is remembered under a name; undefined when nothing sound is. */
  readNote(folder: string, id: string): unknown
  writeNote(folder: string, id: string, value: unknown): void
  /** Path of a folder of the cache, made when missing. */
  folder(name: string): string
}

const dayMs = 24 * 60 * 60 * 1000
/** What no build asked for in this time goes when something else comes: fetched things are large, and context tars many. */
const keptIdleMs = 14 * dayMs

/** The cache below `root`; nothing is made before it is needed. `nowMs` is the present, `pid` this process. */
export function treeCache(root: string, nowMs: () => number, pid: number): TreeCache {
  const at = (...names: readonly string[]): string => join(root, ...names)
  const folder = (name: string): string => {
    storeAction(`make ${at(name)}`, () => mkdirSync(at(name), { recursive: true, mode: 0o700 }))
    return at(name)
  }
  const temporaryPath = (): string => join(folder('tmp'), randomBytes(9).toString('hex'))
  const find = (id: string): KeptTree | undefined => {
    const wrapper = at('trees', id)
    if (statSync(join(wrapper, 'tree'), { throwIfNoEntry: false }) === undefined) return undefined
    holdTree(wrapper, pid)
    // Looked at after it is held: who removes it looks for holders after it was moved away.
    if (statSync(join(wrapper, 'tree'), { throwIfNoEntry: false }) === undefined) return undefined
    touch(wrapper, nowMs())
    return { directory: join(wrapper, 'tree'), memoFile: join(wrapper, 'memo.bin') }
  }
  const sweep = (): void => {
    for (const [name, idleMs] of [
      ['trees', keptIdleMs],
      ['stdin', keptIdleMs],
      ['tmp', dayMs],
    ] as const)
      for (const found of keptIn(root, name)) if (found.usedMs < nowMs() - idleMs) removeFetched(root, found)
  }
  return {
    find,
    temporaryPath,
    folder,
    async keep(id, fill) {
      sweep()
      const wrapper = temporaryPath()
      storeAction(`make ${wrapper}`, () => mkdirSync(join(wrapper, 'tree'), { recursive: true, mode: 0o700 }))
      try {
        await fill(join(wrapper, 'tree'))
        holdTree(wrapper, pid)
        moveInto(wrapper, join(folder('trees'), id))
        holdTree(join(folder('trees'), id), pid)
      } finally {
        rmSync(wrapper, { recursive: true, force: true })
      }
      return { directory: at('trees', id, 'tree'), memoFile: at('trees', id, 'memo.bin') }
    },
    readNote: (name, id) => readJson(at(name, `${id}.json`)),
    writeNote(name, id, value) {
      const temporary = temporaryPath()
      storeAction(`write ${at(name, id)}`, () => {
        writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 })
        renameSync(temporary, join(folder(name), `${id}.json`))
      })
    },
  }
}

/** Renames a whole tree into its place; what is there already is as good. */
function moveInto(from: string, to: string): void {
  storeAction(`keep ${to}`, () => {
    try {
      renameSync(from, to)
    } catch (error) {
      if (errnoCode(error) !== 'ENOTEMPTY' && errnoCode(error) !== 'EEXIST') throw error
    }
  })
}

/** Marks something as used now. */
function touch(path: string, nowMs: number): void {
  try {
    utimesSync(path, nowMs / 1000, nowMs / 1000)
  } catch (error) {
    // A store that may only be read has no sweep to protect from.
    if (!['EROFS', 'EACCES', 'EPERM'].includes(errnoCode(error) ?? '')) throw error
  }
}

/** Something that was fetched, as it lies in the cache. */
export interface Fetched {
  readonly kind: 'tree' | 'input' | 'repository' | 'temporary'
  readonly path: string
  readonly usedMs: number
}

const kinds = { trees: 'tree', stdin: 'input', git: 'repository', tmp: 'temporary' } as const

/** What the cache below `root` holds: trees, contexts that came on standard input, repositories, and what a killed command left. */
export function fetchedThings(root: string): readonly Fetched[] {
  return (['trees', 'stdin', 'git', 'tmp'] as const).flatMap((name) => keptIn(root, name))
}

function keptIn(root: string, folder: keyof typeof kinds): readonly Fetched[] {
  return namesIn(join(root, folder)).flatMap((name) => {
    const path = join(root, folder, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || (folder === 'git' && !stat.isDirectory())) return []
    return [{ kind: kinds[folder], path, usedMs: stat.mtimeMs }]
  })
}

/** Removes something that was fetched; false, and it stays, when a process uses it. */
export function removeFetched(root: string, { kind, path }: Fetched): boolean {
  return storeAction(`remove ${path}`, () => {
    if (kind === 'tree' && isHeld(path)) return false
    const aside = join(root, 'tmp', randomBytes(9).toString('hex'))
    mkdirSync(join(root, 'tmp'), { recursive: true, mode: 0o700 })
    try {
      renameSync(path, aside)
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return true
      throw error
    }
    if (kind === 'tree' && isHeld(aside)) {
      moveInto(aside, path)
      return false
    }
    rmSync(aside, { recursive: true, force: true, maxRetries: 3 })
    return true
  })
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError || errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}
