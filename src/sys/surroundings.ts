import { check, declare } from './ffi.ts'

const getAffinity = declare('int sched_getaffinity(int, unsigned long, void*)')
const setAffinity = declare('int sched_setaffinity(int, unsigned long, const void*)')
const umaskCall = declare('unsigned int umask(unsigned int)')

/** Room for 1,024 processors, as cpu_set_t has it. */
const setBytes = 128

/**
 * Lets this thread, and the processes it starts from now on, run on one processor only (sched_setaffinity(2)). Returns a
 * function that takes it back, and how many there were. Throws `SystemCallError`.
 */
export function useOneProcessor(): { readonly processors: number; undo(): void } {
  const before = Buffer.alloc(setBytes)
  check(getAffinity(0, setBytes, before), 'sched_getaffinity')
  const allowed = [...Array(setBytes * 8).keys()].filter((cpu) => ((before[cpu >> 3] ?? 0) >> (cpu & 7)) & 1)
  const last = allowed.at(-1) ?? 0
  const one = Buffer.alloc(setBytes)
  one[last >> 3] = 1 << (last & 7)
  check(setAffinity(0, setBytes, one), 'sched_setaffinity')
  return { processors: allowed.length, undo: () => void check(setAffinity(0, setBytes, before), 'sched_setaffinity') }
}

/** umask(2) of this process; returns the old one. */
export function setUmask(mask: number): number {
  return umaskCall(mask)
}
