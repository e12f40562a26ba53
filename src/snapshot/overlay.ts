import { errnoCode, ToolError } from '../base/index.ts'
import type { OverlayXattrs } from '../ports/index.ts'
import { MNT_DETACH, mountFrom, umount } from '../sys/index.ts'

/** Bytes of mount options the kernel accepts (one page, less the closing NUL). */
const optionsLimit = 4095
/** The kernel's own limit on lower directories (fs/overlayfs/params.h). */
const lowersLimit = 500

/** One overlay mount. Directories of `lowers` are relative to `lowersDirectory`, bottom first. */
export interface OverlayMount {
  readonly lowersDirectory: string
  readonly lowers: readonly string[]
  /** Absolute; absent for a read-only mount, which needs two lowers. */
  readonly upper?: { readonly directory: string; readonly work: string }
  readonly target: string
  readonly overlay: OverlayXattrs
  /** Changes are to outlive the mount: fsync(2) reaches the disk then. */
  readonly lasting?: boolean
  /** The caller's current directory, restored after the call. */
  readonly workingDirectory: string
}

/**
 * Mounts an overlay. `volatile` leaves out fsync, since an unfinished step is thrown away anyway; a `lasting` one keeps it. Throws `ToolError`
 * `layer-limit` when the image has more layers than one mount takes, else `system-call-failed`.
 */
export function mountOverlay(request: OverlayMount): void {
  const { upper, overlay } = request
  const lowers = withoutRepeats(request.lowers)
  const options = [`lowerdir=${lowers.toReversed().join(':')}`]
  if (upper !== undefined)
    options.push(`upperdir=${escapeOption(upper.directory)}`, `workdir=${escapeOption(upper.work)}`)
  // In a user namespace `userxattr` turns redirect_dir and metacopy off by itself and refuses to be given them.
  options.push(overlay === 'user' ? 'userxattr' : 'redirect_dir=off,metacopy=off,index=off')
  const text = options.join(',')
  if (text.length > optionsLimit || lowers.length > lowersLimit) {
    throw new ToolError('layer-limit', `the image has ${lowers.length} layers, more than one overlay mount takes`, {
      hint: 'join some of its RUN or COPY instructions, or flatten the base image',
    })
  }
  tryMount(request, upper === undefined || request.lasting === true ? [text] : [`${text},volatile`, text])
}

/**
 * Overlayfs refuses a directory that is listed twice. A layer that occurs again higher up decides over every path it
 * has, so that its lower occurrence can go.
 */
function withoutRepeats(lowers: readonly string[]): readonly string[] {
  return lowers.filter((lower, index) => lowers.lastIndexOf(lower) === index)
}

function tryMount(request: OverlayMount, variants: readonly string[]): void {
  const { lowersDirectory, workingDirectory, target } = request
  for (const [index, data] of variants.entries()) {
    try {
      mountFrom(lowersDirectory, workingDirectory, 'overlay', target, 'overlay', 0, data)
      return
    } catch (error) {
      // Kernels before 5.10 know no `volatile`.
      if (errnoCode(error) === 'EINVAL' && index + 1 < variants.length) continue
      throw new ToolError('system-call-failed', `cannot mount an overlay file system: ${errnoCode(error)}`, {
        hint: 'the store must be on a file system that overlayfs accepts as upper directory (ext4, xfs, btrfs, tmpfs): choose one with --root DIR',
        cause: error,
      })
    }
  }
}

/** Unmounts a tree of mounts at once, busy or not. */
export function detach(target: string): void {
  umount(target, MNT_DETACH)
}

function escapeOption(path: string): string {
  return path.replace(/[\\,:]/g, '\\$&')
}
