import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { errnoCode, type FileOwner, parseGroup, parsePasswd, resolveFileOwner, ToolError } from '../base/index.ts'
import { O_CLOEXEC, O_PATH, openat2, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../sys/index.ts'

/** No honest passwd is larger; a hostile image's may be (security 27). */
const maxBytes = 8 << 20

/**
 * Owner that `--chown` names: `user[:group]`, names looked up in the root filesystem's passwd and group; `n` alone means
 * `n:n`. WORKDIR resolves USER the same way for what it makes. Throws `ToolError` `user-not-found`.
 */
export function resolveOwner(root: string, text: string): FileOwner {
  const passwd = parsePasswd(readInRoot(root, 'etc/passwd'))
  const groups = parseGroup(readInRoot(root, 'etc/group'))
  const owner = resolveFileOwner(text, passwd, groups)
  if (owner !== undefined) return owner
  throw new ToolError('user-not-found', `no user or group "${text}" in the image's /etc/passwd and /etc/group`, {
    hint: 'make it in an earlier RUN step (useradd, addgroup …), or give numbers: 1000:1000',
  })
}

/** Text of a regular file inside the root; empty when it is missing or is anything else. */
function readInRoot(root: string, path: string): string {
  const directory = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
  let found: number | undefined
  let fd: number | undefined
  try {
    // Found first and opened after it proved to be a file: opening a device does things by itself.
    found = openat2(directory, path, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    const stat = fstatSync(found)
    if (!stat.isFile() || stat.size > maxBytes) return ''
    fd = openSync(`/proc/self/fd/${found}`, constants.O_RDONLY | constants.O_NONBLOCK)
    const bytes = Buffer.alloc(stat.size)
    return bytes.toString('utf8', 0, readSync(fd, bytes))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoCode(error) ?? '')) return ''
    throw error
  } finally {
    for (const open of [fd, found, directory]) if (open !== undefined) closeSync(open)
  }
}
