import { closeSync, openSync, readSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isForeignProgram, parseProgramHead } from '../../src/sandbox/program-head.ts'

test.each([
  ['#!/bin/sh\necho', { interpreter: '/bin/sh' }],
  ['#! \t/usr/bin/env python3\n', { interpreter: '/usr/bin/env' }],
  ['#!/bin/sh\r\n', { interpreter: '/bin/sh\r' }],
  ['#!\n', {}],
  ['echo', {}],
  ['', {}],
])('%j', (text, expected) => {
  expect(parseProgramHead(Buffer.from(text))).toEqual(expected)
})

test('reads processor and interpreter of the program that runs this', () => {
  const bytes = Buffer.alloc(4096)
  const fd = openSync(process.execPath, 'r')
  readSync(fd, bytes)
  closeSync(fd)
  const head = parseProgramHead(bytes)
  expect(head.machine).toBe(process.arch === 'x64' ? 'amd64' : process.arch)
  expect(head.interpreter).toMatch(/^\/lib.*\/ld-/)
  expect(isForeignProgram(head, process.arch)).toBe(false)
  expect(isForeignProgram(head, process.arch === 's390x' ? 'x64' : 's390x')).toBe(true)
})

test('what is no script and no ELF file is foreign to every processor', () => {
  expect(isForeignProgram({}, 'x64')).toBe(true)
  expect(isForeignProgram({ interpreter: '/bin/sh' }, 'x64')).toBe(false)
})

test('never fails, whatever the bytes', () => {
  const elf = fc
    .uint8Array({ maxLength: 300 })
    .map((tail) => Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), tail]))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), elf), (bytes) => void parseProgramHead(Buffer.from(bytes))),
  )
})
