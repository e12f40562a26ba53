import { compareCodeUnits, ToolError } from '../base/index.ts'
import type { OverlayXattrs } from '../ports/index.ts'
import { getXattr, listXattrs } from '../sys/index.ts'
import { quoteName } from './byte-name.ts'

export type Xattr = readonly [name: string, value: Uint8Array]

/**
 * True for the extended attributes that layers carry: `security.capability` and `user.*`, but overlay's own never
 * (security 15). `security.selinux`, `security.ima`, `trusted.*` and ACLs belong to the machine.
 */
export function isLayerXattr(name: string): boolean {
  return name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'))
}

/** The xattr that marks a directory as opaque: set to `y`. */
export function opaqueXattr(overlay: OverlayXattrs): string {
  return `${overlay}.overlay.opaque`
}

const none: { readonly xattrs: readonly Xattr[]; readonly opaque: boolean } = { xattrs: [], opaque: false }

/**
 * The xattrs of a layer's file or directory at `at` that belong in its tar, sorted by name, and whether overlay's opaque
 * mark is set. Empty values are left out: PAX has no way to say them. Throws `not-supported` for overlay's redirect
 * and metacopy marks (the bytes would be in another layer) and for names that are not UTF-8.
 */
export function layerXattrs(
  at: string | Buffer,
  overlay: OverlayXattrs,
  path: string,
): { readonly xattrs: readonly Xattr[]; readonly opaque: boolean } {
  const names = listXattrs(at)
  if (names.length === 0) return none
  const xattrs: Xattr[] = []
  let opaque = false
  for (const name of names) {
    if (name.startsWith(`${overlay}.overlay.`)) {
      const mark = name.slice(`${overlay}.overlay.`.length)
      if (mark === 'redirect' || mark === 'metacopy') throw unsupported(path, `overlay's ${mark} mark`)
      if (mark === 'opaque') opaque = getXattr(at, name)?.toString('latin1') === 'y'
    } else if (isLayerXattr(name)) {
      if (name.includes('\ufffd') || name.includes('=')) throw unsupported(path, `the extended attribute "${name}"`)
      const value = getXattr(at, name)
      if (value !== undefined && value.length > 0) xattrs.push([name, value])
    }
  }
  xattrs.sort((a, b) => compareCodeUnits(a[0], b[0]))
  return { xattrs, opaque }
}

/** Whether the directory at `at` hides what the layers below have in it. */
export function isOpaque(at: string | Buffer, overlay: OverlayXattrs): boolean {
  return layerXattrs(at, overlay, '').opaque
}

function unsupported(path: string, what: string): ToolError {
  return new ToolError('not-supported', `${quoteName(path)} has ${what}, which cannot be in a layer`, {
    hint: what.startsWith('overlay')
      ? 'mount overlays with redirect_dir=off,metacopy=off'
      : 'remove it in the step that makes the file',
  })
}
