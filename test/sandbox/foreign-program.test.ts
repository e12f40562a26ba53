import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hostPlatform } from '../../src/oci/index.ts'
import { foreignProgram } from '../../src/sandbox/foreign-program.ts'
import { probeEmulation } from '../../src/sandbox/index.ts'
import { parseProgramHead } from '../../src/sandbox/program-head.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** Debian's qemu-user-static by the names of image platforms. */
const emulators = {
  amd64: 'x86_64',
  '386': 'i386',
  arm64: 'aarch64',
  arm: 'arm',
  riscv64: 'riscv64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  loong64: 'loongarch64',
  mips64le: 'mips64el',
  mips64: 'mips64',
}

describe('the program of each processor', () => {
  test.each(Object.entries(emulators))('%s: ends with 0', (architecture, emulator) => {
    const program = foreignProgram(architecture)
    expect(program?.byteLength).toBeLessThan(200)
    const path = join(temporaryDirectory(), 'program')
    writeFileSync(path, program ?? '', { mode: 0o755 })
    const result = spawnSync(`/usr/bin/qemu-${emulator}-static`, [path])
    expect(result.error).toBeUndefined()
    expect(result.status, result.stderr?.toString()).toBe(0)
  })

  test('says which processor it is for', () => {
    const machine = (name: string) => parseProgramHead(Buffer.from(foreignProgram(name) ?? [])).machine
    for (const name of ['amd64', '386', 'arm64', 'arm', 'riscv64', 's390x', 'loong64']) expect(machine(name)).toBe(name)
  })

  test('a processor that nobody knows has none', () => {
    expect(foreignProgram('vax')).toBeUndefined()
    expect(foreignProgram('toString')).toBeUndefined()
  })
})

describe('probeEmulation', () => {
  const probe = (architecture: string): string => {
    const directory = join(temporaryDirectory(), 'root')
    mkdirSync(directory)
    return probeEmulation(architecture, directory, process.env)
  }
  const isRoot = process.getuid?.() === 0

  test.skipIf(!isRoot)('this machine executes its own programs', () => {
    expect(probe(hostPlatform(process.arch).architecture)).toBe('works')
  })

  test('of a processor that nobody knows nothing is said', () => {
    expect(probe('vax')).toBe('unknown-processor')
  })

  test('without chroot(8) it is seen that the program works outside at least', () => {
    const directory = join(temporaryDirectory(), 'root')
    mkdirSync(directory)
    const { architecture } = hostPlatform(process.arch)
    expect(probeEmulation(architecture, directory, { PATH: '/nonexistent' })).toMatch(/works|outside/)
  })
})
