import { accessSync, constants, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** Where host programs are looked for: PATH, then the places of administrators' tools that users' PATHs often lack. */
export function searchPath(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const path = (env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'))
  return [...path, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']
}

/** Real path of the host program `name`, or undefined when the machine has none. */
export function findTool(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  for (const folder of searchPath(env)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return realpathSync(path)
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** The whole environment of host programs that we start: nothing of ours, nothing of a container's (CVE-2021-3602). */
export function toolEnv(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return { PATH: searchPath(env).join(':'), LC_ALL: 'C' }
}
