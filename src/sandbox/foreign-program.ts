/** What a static program for a processor is made of. */
interface Machine {
  /** `e_machine` of elf(5). */
  readonly number: number
  readonly bits: 32 | 64
  readonly order: 'little' | 'big'
  readonly flags?: number
  /** exit(0) in machine code, one instruction a word; halves of two bytes where `word` says 2. */
  readonly code: readonly number[]
  readonly word?: 1 | 2
}

/** By the names of image platforms. */
const machines: Readonly<Record<string, Machine>> = {
  amd64: { number: 62, bits: 64, order: 'little', word: 1, code: [0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05] },
  '386': { number: 3, bits: 32, order: 'little', word: 1, code: [0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80] },
  arm64: { number: 183, bits: 64, order: 'little', code: [0xd2800000, 0xd2800ba8, 0xd4000001] },
  arm: { number: 40, bits: 32, order: 'little', flags: 0x05000000, code: [0xe3a00000, 0xe3a07001, 0xef000000] },
  riscv64: { number: 243, bits: 64, order: 'little', code: [0x00000513, 0x05d00893, 0x00000073] },
  ppc64le: { number: 21, bits: 64, order: 'little', flags: 2, code: [0x38000001, 0x38600000, 0x44000002] },
  s390x: { number: 22, bits: 64, order: 'big', word: 2, code: [0xa729, 0x0000, 0x0a01] },
  loong64: { number: 258, bits: 64, order: 'little', flags: 0x43, code: [0x02800004, 0x0281740b, 0x002b0000] },
  mips64le: { number: 8, bits: 64, order: 'little', flags: 0x80000007, code: [0x240213c2, 0x24040000, 0x0000000c] },
  mips64: { number: 8, bits: 64, order: 'big', flags: 0x80000007, code: [0x240213c2, 0x24040000, 0x0000000c] },
}

/**
 * The smallest program for a processor (by its name in image platforms): an ELF file that ends with code 0. Whether it does tells
 * whether this machine, or an emulator that the kernel knows, executes such programs. Undefined for a processor not known here.
 */
export function foreignProgram(architecture: string): Uint8Array | undefined {
  const machine = Object.hasOwn(machines, architecture) ? machines[architecture] : undefined
  if (machine === undefined) return undefined
  const { number, bits, order, flags = 0, code, word = 4 } = machine
  const is64 = bits === 64
  const [headerSize, segmentSize] = is64 ? [64, 56] : [52, 32]
  const start = headerSize + segmentSize
  const size = start + code.length * word
  const address = 0x10000
  const bytes: number[] = []
  const put = (value: number, width: number): void => {
    const digits = [...Array(width).keys()].map((at) => Math.floor(value / 2 ** (8 * at)) % 256)
    bytes.push(...(order === 'little' ? digits : digits.reverse()))
  }
  const putAddress = (value: number): void => put(value, is64 ? 8 : 4)
  bytes.push(0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, order === 'little' ? 1 : 2, 1, 0, ...Array<number>(8).fill(0))
  // ET_EXEC, machine, version, entry; program headers behind this one, no section headers.
  for (const [value, width] of [
    [2, 2],
    [number, 2],
    [1, 4],
  ] as const)
    put(value, width)
  for (const value of [address + start, headerSize, 0]) putAddress(value)
  for (const [value, width] of [
    [flags, 4],
    [headerSize, 2],
    [segmentSize, 2],
    [1, 2],
    [0, 2],
    [0, 2],
    [0, 2],
  ] as const)
    put(value, width)
  // PT_LOAD of the whole file, readable and executable; the place of the flags depends on the class.
  put(1, 4)
  if (is64) put(5, 4)
  for (const value of [0, address, address, size, size]) putAddress(value)
  if (!is64) put(5, 4)
  putAddress(0x1000)
  for (const instruction of code) put(instruction, word)
  return Uint8Array.from(bytes)
}
