import { readdirSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import type { ContainerRoot } from './container-root.ts'

/** What the first bytes of a program say about how it is executed. */
export interface ProgramHead {
  /** The program that a `#!` line or an ELF file's PT_INTERP names. */
  readonly interpreter?: string
  /** Processor of an ELF file, in the words of image platforms. */
  readonly machine?: string
}

/** Names by ELF machine number. */
const machines: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

/** Machines that each processor, as Node names it, executes. */
const native: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', '386'],
  arm64: ['arm64', 'arm'],
  arm: ['arm'],
  ia32: ['386'],
  riscv64: ['riscv64'],
  ppc64: ['ppc64le'],
  s390x: ['s390x'],
  loong64: ['loong64'],
}

/** Reads the head of the program at `path` inside the root. */
export function readProgramHead(root: ContainerRoot, path: string): ProgramHead {
  return parseProgramHead(Buffer.from(root.read(path, 4096) ?? []))
}

/** Reads a `#!` line (execve(2)) or an ELF header (elf(5)); anything else gives an empty object. */
export function parseProgramHead(head: Buffer): ProgramHead {
  if (head.toString('latin1', 0, 2) === '#!') {
    const interpreter = /^#![ \t]*([^ \t\n\0]+)/.exec(head.toString('utf8', 0, 256))?.[1]
    return interpreter === undefined ? {} : { interpreter }
  }
  if (head.length < 20 || head.toString('latin1', 0, 4) !== '\x7fELF') return {}
  const number = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18)
  const machine = machines[number] ?? `machine ${number}`
  const interpreter = head[4] === 2 && head[5] === 1 ? elfInterpreter(head) : undefined
  return { machine, ...(interpreter === undefined ? {} : { interpreter }) }
}

/** PT_INTERP of a 64-bit little-endian ELF file, when it lies within the head. */
function elfInterpreter(head: Buffer): string | undefined {
  if (head.length < 64) return undefined
  const tableAt = Number(head.readBigUInt64LE(32))
  const [entrySize, count] = [head.readUInt16LE(54), head.readUInt16LE(56)]
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * entrySize
    if (at + 56 > head.length) return undefined
    if (head.readUInt32LE(at) !== 3) continue
    const [from, size] = [Number(head.readBigUInt64LE(at + 8)), Number(head.readBigUInt64LE(at + 32))]
    return size > 1 && from + size <= head.length ? head.toString('utf8', from, from + size - 1) : undefined
  }
  return undefined
}

/** True when processor `arch` (as Node names it) does not execute such a program by itself. */
export function isForeignProgram(head: ProgramHead, arch: string): boolean {
  if (head.machine === undefined) return head.interpreter === undefined
  return !(native[arch] ?? []).includes(head.machine)
}

/** True when the kernel hands programs of other kinds to an emulator (binfmt_misc). */
export function hasEmulators(): boolean {
  try {
    return readdirSync('/proc/sys/fs/binfmt_misc').some((name) => name !== 'register' && name !== 'status')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false
    throw error
  }
}
