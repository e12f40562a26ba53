import { cleanPath } from '../base/index.ts'

/** `path` as an instruction wrote it, seen from the absolute working directory `from`: absolute and clean. */
export function absolutePath(from: string, path: string): string {
  return cleanPath(path.startsWith('/') ? path : `${from}/${path}`)
}

/** Whether a path can only mean a directory: it ends in `/`, `.` or `..`, or is empty. */
export function isDirectoryForm(path: string): boolean {
  return /(?:^|\/)\.{0,2}$/.test(path)
}
