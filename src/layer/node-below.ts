import { type BigIntStats, lstatSync } from 'node:fs'
import type { OverlayXattrs } from '../ports/index.ts'
import { nameOfText, osPath } from './byte-name.ts'
import { isOpaque } from './layer-xattrs.ts'
import { isWhiteout, lstatIfAny } from './rooted-tree.ts'

/**
 * What layer directories (bottom first) show at a path, given by the byte strings of its names: the topmost thing there that
 * no layer above it hides. Undefined where nothing shows.
 */
export function nodeBelow(
  names: readonly string[],
  lowers: readonly string[],
  overlay: OverlayXattrs,
): BigIntStats | undefined {
  for (const lower of lowers.toReversed()) {
    let at = nameOfText(lower)
    let hides = false
    for (const [index, name] of names.entries()) {
      at = `${at}/${name}`
      const found = lstatIfAny(osPath(at))
      if (found === undefined) break
      if (isWhiteout(found)) return undefined
      if (index === names.length - 1) return lstatSync(osPath(at), { bigint: true })
      // A file in the way: nothing further down shows.
      if (!found.isDirectory()) return undefined
      hides ||= isOpaque(osPath(at), overlay)
    }
    if (hides) return undefined
  }
  return undefined
}
