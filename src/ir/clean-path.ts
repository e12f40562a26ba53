/**
 * The shortest path that names the same file: no empty, `.` or inner `..` parts, no slash at the end. A path that
 * begins with `/` never leaves the root; the empty path is `.` (Go's `path.Clean`).
 */
export function cleanPath(path: string): string {
  const absolute = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!absolute) parts.push(part)
  }
  return absolute ? `/${parts.join('/')}` : parts.join('/') || '.'
}

/** `path` seen from the absolute directory `from`, cleaned. */
export function absolutePath(from: string, path: string): string {
  return cleanPath(path.startsWith('/') ? path : `${from}/${path}`)
}

/** Whether a path can only mean a directory: it ends in `/`, `.` or `..`, or is empty. */
export function isDirectoryForm(path: string): boolean {
  return /(?:^|\/)\.{0,2}$/.test(path)
}
