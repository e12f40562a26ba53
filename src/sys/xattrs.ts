import { check, cString, declare, SystemCallError } from './ffi.ts'

const lgetxattr = declare('long lgetxattr(const void*, const void*, void*, unsigned long)')
const lsetxattr = declare('int lsetxattr(const void*, const void*, const void*, unsigned long, int)')
const llistxattr = declare('long llistxattr(const void*, void*, unsigned long)')
const lremovexattr = declare('int lremovexattr(const void*, const void*)')

const buffer = Buffer.alloc(65536)

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof SystemCallError && codes.includes(error.code)
}

/** Names of the extended attributes of `path` itself (a symlink is not followed); empty where the filesystem has none. */
export function listXattrs(path: string | Uint8Array): string[] {
  try {
    const length = check(llistxattr(cString(path), buffer, buffer.length), 'llistxattr', path)
    return length === 0 ? [] : buffer.toString('utf8', 0, length - 1).split('\0')
  } catch (error) {
    if (isCode(error, 'ENOTSUP', 'EOPNOTSUPP')) return []
    throw error
  }
}

/** Value of one extended attribute of `path` itself, or undefined when it is not set. */
export function getXattr(path: string | Uint8Array, name: string): Buffer | undefined {
  try {
    const length = check(lgetxattr(cString(path), cString(name), buffer, buffer.length), 'lgetxattr', path)
    return Buffer.from(buffer.subarray(0, length))
  } catch (error) {
    if (isCode(error, 'ENODATA', 'ENOTSUP', 'EOPNOTSUPP')) return undefined
    throw error
  }
}

/** Sets an extended attribute of `path` itself. Throws `SystemCallError`. */
export function setXattr(path: string | Uint8Array, name: string, value: Uint8Array): void {
  check(lsetxattr(cString(path), cString(name), Buffer.from(value), value.length, 0), 'lsetxattr', path)
}

/** Removes an extended attribute of `path` itself; no error when it is not there. */
export function removeXattr(path: string | Uint8Array, name: string): void {
  try {
    check(lremovexattr(cString(path), cString(name)), 'lremovexattr', path)
  } catch (error) {
    if (!isCode(error, 'ENODATA', 'ENOTSUP', 'EOPNOTSUPP')) throw error
  }
}
