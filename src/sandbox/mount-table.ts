import { readFileSync } from 'node:fs'

/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  readonly mountPoint: string
  readonly options: readonly string[]
  readonly type: string
}

/** The mounts this process sees, oldest first. */
export function readMountTable(): readonly MountEntry[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ')
      return {
        mountPoint: unescapeField(fields[4] ?? ''),
        options: (fields[5] ?? '').split(','),
        type: fields[fields.indexOf('-', 6) + 1] ?? '',
      }
    })
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** Writes `path` as a field of fstab(5). */
export function escapeField(path: string): string {
  return path.replace(/[ \t\n\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
