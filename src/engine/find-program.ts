import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** Folders searched after those of PATH: an ordinary user's PATH often leaves the system ones out. */
const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Absolute path of an executable, searched in PATH and the system folders; undefined when there is none. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  for (const folder of [...(path ?? '').split(':'), ...systemFolders]) {
    if (!folder.startsWith('/')) continue
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not there, or not executable: the next folder may have it.
    }
  }
  return undefined
}
