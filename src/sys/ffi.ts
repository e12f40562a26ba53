import { constants } from 'node:os'
import koffi from 'koffi'

/** A failed system call, shaped as Node's own: `code` (`ENOENT` …), `errno` (negative), `syscall`, `path`. */
export class SystemCallError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string
  readonly path: string | undefined

  constructor(syscall: string, errno: number, path?: string) {
    const code = errnoNames.get(errno) ?? `E${errno}`
    super(`${code}: ${syscall}${path === undefined ? '' : ` '${path}'`}`)
    this.name = 'SystemCallError'
    this.code = code
    this.errno = -errno
    this.syscall = syscall
    this.path = path
  }
}

// Of two names for one number the first counts, as with Node: EAGAIN, not EWOULDBLOCK; ENOTSUP, not EOPNOTSUPP.
const errnoNames = new Map(
  Object.entries(constants.errno)
    .map(([name, value]) => [value, name] as const)
    .reverse(),
)

const libc = koffi.load(null)

/** Declares a libc function from its C prototype. Strings of bytes are `const void*`, filled by `cString`. */
export function declare(prototype: string): (...args: readonly unknown[]) => number {
  const native = libc.func(prototype)
  return (...args) => Number(native(...args))
}

/** As `declare`, on a thread of libuv's pool. The errno of a failure is not known, so it counts as EIO. */
export function declareAsync(prototype: string): (syscall: string, ...args: readonly unknown[]) => Promise<void> {
  const native = libc.func(prototype)
  return (syscall, ...args) =>
    new Promise((resolve, reject) => {
      native.async(...args, (error: unknown, result: unknown) => {
        if (error !== null) reject(error)
        else if (Number(result) < 0) reject(new SystemCallError(syscall, constants.errno.EIO))
        else resolve()
      })
    })
}

/** NUL-terminated bytes for a C string parameter; a string is taken as UTF-8. Throws on an embedded NUL. */
export function cString(text: string | Uint8Array): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
  if (bytes.includes(0)) throw new Error('internal error: NUL byte in a path')
  const result = Buffer.alloc(bytes.length + 1)
  result.set(bytes)
  return result
}

/** Returns `result`, or throws `SystemCallError` with the current errno when it is negative. Call it directly around the call. */
export function check(result: number, syscall: string, path?: string | Uint8Array): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  throw new SystemCallError(
    syscall,
    errno,
    typeof path === 'string' || path === undefined ? path : Buffer.from(path).toString(),
  )
}
