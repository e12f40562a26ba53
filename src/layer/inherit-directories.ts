import { chmodSync, lchownSync, lstatSync } from 'node:fs'
import type { OverlayXattrs } from '../ports/index.ts'
import { setTimes } from '../sys/index.ts'
import { translateError } from './archive-error.ts'
import { nameOfText, osPath } from './byte-name.ts'
import { layerXattrs } from './layer-xattrs.ts'
import { isWhiteout, lstatIfAny } from './rooted-tree.ts'

/**
 * Gives directories of an unpacked layer that its archive has no entry for (`WriteReport.implicitDirectories`) owner,
 * mode and time of what the layers below have there, as containerd does when it applies a layer; what is nowhere below
 * stays as it is. `lowers` are the trees of those layers, bottom first. Throws `system-call-failed` and the like.
 */
export function inheritDirectories(
  tree: string,
  paths: readonly string[],
  lowers: readonly string[],
  overlay: OverlayXattrs,
): void {
  try {
    for (const path of paths) {
      const names = path.split('/')
      const at = osPath(`${nameOfText(tree)}/${path}`)
      if (hidesBelow(tree, names, overlay) || !lstatIfAny(at)?.isDirectory()) continue
      const below = findBelow(names, lowers, overlay)
      if (below === undefined) continue
      lchownSync(at, Number(below.uid), Number(below.gid))
      chmodSync(at, Number(below.mode) & 0o7777)
      setTimes(at, below.mtimeNs)
    }
  } catch (error) {
    throw translateError(error, `cannot finish the layer in ${tree}`)
  }
}

/** Whether the layer itself hides what is below it at a path, by an opaque directory on the way. */
function hidesBelow(tree: string, names: readonly string[], overlay: OverlayXattrs): boolean {
  return names.some((_, index) => {
    const at = osPath([nameOfText(tree), ...names.slice(0, index + 1)].join('/'))
    return lstatIfAny(at)?.isDirectory() === true && isOpaque(at, overlay)
  })
}

/** The topmost directory at a path that no layer above it hides. */
function findBelow(
  names: readonly string[],
  lowers: readonly string[],
  overlay: OverlayXattrs,
): ReturnType<typeof statOf> | undefined {
  for (const lower of lowers.toReversed()) {
    let at = nameOfText(lower)
    let hides = false
    for (const [index, name] of names.entries()) {
      at = `${at}/${name}`
      const found = lstatIfAny(osPath(at))
      if (found === undefined) break
      // A whiteout, or a file in the way: nothing further down shows.
      if (isWhiteout(found) || !found.isDirectory()) return undefined
      if (index === names.length - 1) return statOf(at)
      hides ||= isOpaque(osPath(at), overlay)
    }
    if (hides) return undefined
  }
  return undefined
}

function statOf(at: string) {
  return lstatSync(osPath(at), { bigint: true })
}

function isOpaque(at: string | Buffer, overlay: OverlayXattrs): boolean {
  return layerXattrs(at, overlay, '').opaque
}
