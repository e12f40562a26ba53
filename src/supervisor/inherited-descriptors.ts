import { closeSync, readdirSync, readFileSync } from 'node:fs'

const closeOnExec = 0o2000000

/**
 * Closes what our callers left open beyond the descriptors up to `last`: a process that stays must not hold their pipes, for whose
 * end somebody waits. Our own descriptors are known by being close-on-exec.
 */
export function closeInherited(last: number): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name)
    if (fd <= last) continue
    try {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? ''
      if ((Number.parseInt(flags, 8) & closeOnExec) === 0) closeSync(fd)
    } catch {
      // The one that the list was read through is closed by now.
    }
  }
}
