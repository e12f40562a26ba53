import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readVerdict, writeVerdict } from '../../src/sandbox/probe-cache.ts'

let folder = ''
let program = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-cache-test-'))
  program = join(folder, 'crun')
  writeFileSync(program, 'first')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function circumstances(inUserNamespace = false): { probeCacheFile: string; inUserNamespace: boolean } {
  return { probeCacheFile: join(folder, 'cache/isolation.json'), inUserNamespace }
}

describe('remembered verdicts', () => {
  test('come back, good and bad', () => {
    expect(readVerdict(circumstances(), 'crun', program)).toBeUndefined()
    writeVerdict(circumstances(), 'crun', program, {})
    writeVerdict(circumstances(), 'runc', program, { reason: 'no' })
    expect(readVerdict(circumstances(), 'crun', program)).toEqual({})
    expect(readVerdict(circumstances(), 'runc', program)).toEqual({ reason: 'no' })
    expect(readVerdict(circumstances(), 'builtin', undefined)).toBeUndefined()
  })

  test('are of one program as it is now, and of one user namespace', () => {
    writeVerdict(circumstances(), 'crun', program, {})
    expect(readVerdict(circumstances(true), 'crun', program)).toBeUndefined()
    expect(readVerdict(circumstances(), 'crun', join(folder, 'other'))).toBeUndefined()
    utimesSync(program, 1, 1)
    expect(readVerdict(circumstances(), 'crun', program)).toBeUndefined()
    writeVerdict(circumstances(), 'crun', program, {})
    writeFileSync(program, 'an upgrade')
    utimesSync(program, 1, 1)
    expect(readVerdict(circumstances(), 'crun', program)).toBeUndefined()
  })

  test('replace each other, in a file that is always whole', () => {
    for (const reason of ['a', 'b', 'c']) writeVerdict(circumstances(), 'crun', program, { reason })
    expect(readVerdict(circumstances(), 'crun', program)).toEqual({ reason: 'c' })
    expect(readFileSync(circumstances().probeCacheFile, 'utf8')).not.toContain('"a"')
    expect(readdirSync(join(folder, 'cache'))).toEqual(['isolation.json'])
  })

  test.each(['', '{"crun', '[1]', 'null', '{"crun 0": 5}'])('a file of %j is none', (text) => {
    writeVerdict(circumstances(), 'crun', program, {})
    writeFileSync(circumstances().probeCacheFile, text)
    chmodSync(circumstances().probeCacheFile, 0o600)
    expect(readVerdict(circumstances(), 'crun', program)).toBeUndefined()
    writeVerdict(circumstances(), 'crun', program, {})
    expect(readVerdict(circumstances(), 'crun', program)).toEqual({})
  })
})
