import { chmodSync, lchownSync } from 'node:fs'
import type { OverlayXattrs } from '../ports/index.ts'
import { setTimes } from '../sys/index.ts'
import { translateError } from './archive-error.ts'
import { nameOfText, osPath } from './byte-name.ts'
import { isOpaque } from './layer-xattrs.ts'
import { nodeBelow } from './node-below.ts'
import { lstatIfAny } from './rooted-tree.ts'

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
      const below = nodeBelow(names, lowers, overlay)
      if (!below?.isDirectory()) continue
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
