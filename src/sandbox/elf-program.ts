import { invariant } from '../base/index.ts'

/** Hex digits of a listing, without its comments. */
export function listedBytes(listing: string): string {
  return listing.replace(/\/\*.*?\*\//g, '').replace(/\s/g, '')
}

/** Hex digits of little-endian bytes from 32-bit instruction words as a disassembler prints them. */
export function listedWords(listing: string): string {
  return listedBytes(listing).replace(/([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/g, '$4$3$2$1')
}

/** A 64-bit little-endian ELF executable of one read-only segment: header, program header, code (elf(5)). */
export function elfFile(machine: number, code: Uint8Array): Uint8Array {
  const headerSize = 64
  const codeAt = headerSize + 56
  const base = 0x400000n
  const file = Buffer.alloc(codeAt + code.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
  file.writeUInt16LE(2, 16) // e_type: executable
  file.writeUInt16LE(machine, 18)
  file.writeUInt32LE(1, 20) // e_version
  file.writeBigUInt64LE(base + BigInt(codeAt), 24) // e_entry
  file.writeBigUInt64LE(BigInt(headerSize), 32) // e_phoff
  file.writeUInt16LE(headerSize, 52)
  file.writeUInt16LE(codeAt - headerSize, 54) // e_phentsize
  file.writeUInt16LE(1, 56) // e_phnum
  file.writeUInt32LE(1, headerSize) // p_type: load
  file.writeUInt32LE(5, headerSize + 4) // p_flags: read, execute
  file.writeBigUInt64LE(base, headerSize + 16) // p_vaddr
  file.writeBigUInt64LE(base, headerSize + 24) // p_paddr
  file.writeBigUInt64LE(BigInt(file.length), headerSize + 32) // p_filesz
  file.writeBigUInt64LE(BigInt(file.length), headerSize + 40) // p_memsz
  file.writeBigUInt64LE(0x1000n, headerSize + 48) // p_align
  file.set(code, codeAt)
  invariant(file.length < 0x1000, 'the program fits one page')
  return file
}
