import type { WorkspaceSource } from '../../src/workspace/index.ts'

/** A workspace in memory: paths and texts. */
export function memoryWorkspace(files: ReadonlyMap<string, string>): WorkspaceSource {
  return {
    readText: (path) => files.get(path),
    folders(path) {
      const prefix = path === '' ? '' : `${path}/`
      const names = [...files.keys()].flatMap((file) => {
        const rest = file.startsWith(prefix) ? file.slice(prefix.length) : ''
        return rest.includes('/') ? [rest.slice(0, rest.indexOf('/'))] : []
      })
      return [...new Set(names)].sort()
    },
  }
}
