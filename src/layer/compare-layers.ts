import { closeSync } from 'node:fs'
import { quoteName } from './byte-name.ts'
import { compareContent } from './compare-content.ts'
import { attributes, comparePaths } from './file-stack.ts'
import { type LayerEntry, LayerWalk, type LayerWalkOptions } from './layer-walk.ts'

/** How one path of two layer directories differs. */
export interface PathDifference {
  /** Quoted for messages, with a leading slash. */
  readonly path: string
  readonly what: 'presence' | 'type' | 'content' | 'mode' | 'owner' | 'time' | 'link' | 'device' | 'attributes'
  readonly first: string
  readonly second: string
  /** For `content`: byte from 0, and line from 1 when it is text. */
  readonly offset?: number
  readonly line?: number
}

export interface CompareOptions extends LayerWalkOptions {
  /** Whether times count. */
  readonly times: boolean
  /** Mode bits that the second may have more than the first, as another umask gives them. */
  readonly spareMode: number
}

/** Compares two layer directories path by path, in the order of their tars, and gives every difference. Synchronous. */
export function compareLayers(first: string, second: string, options: CompareOptions): readonly PathDifference[] {
  const [a, b] = [new Cursor(first, options), new Cursor(second, options)]
  const found: PathDifference[] = []
  try {
    while (a.entry !== undefined || b.entry !== undefined) {
      const order = a.entry === undefined ? 1 : b.entry === undefined ? -1 : comparePaths(a.entry.path, b.entry.path)
      const difference = compareEntries(order > 0 ? undefined : a.entry, order < 0 ? undefined : b.entry, options)
      if (difference !== undefined) found.push(difference)
      if (order <= 0) a.advance()
      if (order >= 0) b.advance()
    }
  } finally {
    a.close()
    b.close()
  }
  return found
}

/** The entry a walk stands at; its file is open. */
class Cursor {
  readonly #walk: LayerWalk
  entry: LayerEntry | undefined

  constructor(directory: string, options: LayerWalkOptions) {
    this.#walk = new LayerWalk(directory, options)
    this.entry = this.#walk.next()
  }

  advance(): void {
    this.close()
    this.entry = this.#walk.next()
  }

  close(): void {
    if (this.entry?.fd !== undefined) closeSync(this.entry.fd)
    this.entry = undefined
  }
}

function compareEntries(
  first: LayerEntry | undefined,
  second: LayerEntry | undefined,
  options: CompareOptions,
): PathDifference | undefined {
  const path = quoteName(`/${first?.path ?? second?.path ?? ''}`)
  if (first === undefined || second === undefined)
    return { path, what: 'presence', first: presence(first), second: presence(second) }
  const differ = (what: PathDifference['what'], of: (entry: LayerEntry) => string): PathDifference | undefined =>
    of(first) === of(second) ? undefined : { path, what, first: of(first), second: of(second) }
  return (
    differ('type', ({ type, opaque }) => (opaque ? 'a directory that hides what was there' : type)) ??
    differ('link', ({ target }) => quoteName(target)) ??
    differ('device', ({ major, minor }) => `${major}:${minor}`) ??
    contentDifference(path, first, second) ??
    (isSpare(first.mode, second.mode, options.spareMode)
      ? undefined
      : differ('mode', ({ mode }) => mode.toString(8).padStart(4, '0'))) ??
    differ('owner', ({ uid, gid }) => `${uid}:${gid}`) ??
    differ('attributes', attributes) ??
    (options.times ? differ('time', ({ mtime }) => new Date(Number(mtime) * 1000).toISOString()) : undefined)
  )
}

function contentDifference(path: string, first: LayerEntry, second: LayerEntry): PathDifference | undefined {
  if (first.fd === undefined || second.fd === undefined) return undefined
  const found = compareContent(first.fd, second.fd)
  return found && { path, what: 'content', ...found }
}

/** True when the second mode has nothing but spare bits more. */
function isSpare(first: number, second: number, spare: number): boolean {
  return (first & ~second) === 0 && ((first ^ second) & ~spare) === 0
}

function presence(entry: LayerEntry | undefined): string {
  if (entry === undefined) return 'not there'
  return entry.type === 'whiteout' ? 'removed' : `a ${entry.type}`
}
