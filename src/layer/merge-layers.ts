import { chmodSync, lchownSync, linkSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import type { OverlayXattrs } from '../ports/index.ts'
import { makeDevice, mknod, S_IFCHR, setTimes, setXattr } from '../sys/index.ts'
import { translateError } from './archive-error.ts'
import { nameOfText, osPath } from './byte-name.ts'
import { isOpaque, layerXattrs, opaqueXattr } from './layer-xattrs.ts'
import { nodeBelow } from './node-below.ts'
import { isWhiteout, lstatIfAny } from './rooted-tree.ts'

export interface MergeRequest {
  /** Layer directories to merge, bottom first. */
  readonly layers: readonly string[]
  /** Those of the layers they stand on, bottom first: what is not there needs no mark that it is gone. */
  readonly lowers: readonly string[]
  /** Where the one layer is made: an empty directory on the same file system, since files are linked, not copied. */
  readonly target: string
  readonly overlay: OverlayXattrs
}

/**
 * Makes one layer of several: above the same lowers it shows what they show. Throws `system-call-failed` and the like,
 * `not-supported` for marks of overlay that cannot be in a layer.
 */
export function mergeLayers(request: MergeRequest): void {
  try {
    mergeDirectory(request, request.layers.map(nameOfText).toReversed(), nameOfText(request.target), [])
  } catch (error) {
    throw translateError(error, `cannot merge layers in ${request.target}`)
  }
}

/** `sources` are the directories that make this one, the topmost first. */
function mergeDirectory(
  request: MergeRequest,
  sources: readonly string[],
  target: string,
  path: readonly string[],
): void {
  const { overlay } = request
  const opaqueAt = sources.findIndex((source) => isOpaque(osPath(source), overlay))
  const seen = opaqueAt === -1 ? sources : sources.slice(0, opaqueAt + 1)
  const names = new Set(seen.flatMap((source) => readdirSync(osPath(source), { encoding: 'latin1' })))
  // What an opaque directory hides needs no mark of its own.
  const inside = opaqueAt === -1 ? request : { ...request, lowers: [] }
  for (const name of names) mergeName(inside, seen, target, [...path, name])
  if (opaqueAt !== -1) hideBelow(request, target, path)
}

function mergeName(request: MergeRequest, sources: readonly string[], target: string, path: readonly string[]): void {
  const { lowers, overlay } = request
  const name = path.at(-1) ?? ''
  const place = `${target}/${name}`
  const directories: string[] = []
  let isCut = false
  for (const source of sources) {
    const at = `${source}/${name}`
    const found = lstatIfAny(osPath(at))
    if (found === undefined) continue
    if (found.isDirectory()) {
      directories.push(at)
      continue
    }
    isCut = directories.length > 0
    if (isCut) break
    if (!isWhiteout(found)) linkSync(osPath(at), osPath(place))
    else if (nodeBelow(path, lowers, overlay) !== undefined) mknod(osPath(place), S_IFCHR, makeDevice(0, 0))
    return
  }
  const [top] = directories
  if (top === undefined) return
  const stat = lstatSync(osPath(top), { bigint: true })
  mkdirSync(osPath(place))
  mergeDirectory(isCut ? { ...request, lowers: [] } : request, directories, place, path)
  if (isCut) hideBelow(request, place, path)
  lchownSync(osPath(place), Number(stat.uid), Number(stat.gid))
  chmodSync(osPath(place), Number(stat.mode) & 0o7777)
  for (const [xattr, value] of layerXattrs(osPath(top), overlay, path.join('/')).xattrs)
    setXattr(osPath(place), xattr, value)
  setTimes(osPath(place), stat.mtimeNs)
}

/** Marks a directory as opaque where the layers below show one that it would else let through. */
function hideBelow({ lowers, overlay }: MergeRequest, at: string, path: readonly string[]): void {
  const below = path.length === 0 ? lowers.length > 0 : nodeBelow(path, lowers, overlay)?.isDirectory() === true
  if (below) setXattr(osPath(at), opaqueXattr(overlay), Buffer.from('y'))
}
