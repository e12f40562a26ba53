import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Mode, obstacle, runJob } from './in-namespace.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'choose-isolation-test-'))
  chmodSync(folder, 0o755)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Puts a runtime that only complains in front of the machine's. */
function breakRuntime(name: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} does not like it here" >&2\nexit 1\n`, { mode: 0o755 })
}

describe.each(['root', 'user'] as const)('as %s', (mode: Mode) => {
  const runs = [{ args: ['echo', 'hello'] }]
  const path = (): string => `${folder}:${process.env['PATH']}`

  test.for([
    { broken: [], isolation: 'crun' },
    // Also after crun was tried, which changes the mounts of cgroups.
    { broken: ['crun'], isolation: 'runc' },
    { broken: ['crun', 'runc'], isolation: 'builtin' },
  ] as const)('takes $isolation when these do not work: $broken', async ({ broken, isolation }, { skip }) => {
    const reason = obstacle(mode, isolation)
    if (reason !== undefined) skip(reason)
    for (const name of broken) breakRuntime(name)
    expect(await runJob(mode, { runs, path: path() })).toMatchObject({ isolation, results: [{ stdout: 'hello\n' }] })
  })

  if (mode === 'user') return
  test('says in its own words why the one asked for does not work', async ({ skip }) => {
    const reason = obstacle(mode)
    if (reason !== undefined) skip(reason)
    breakRuntime('crun')
    const job = await runJob(mode, { isolation: 'crun', runs, path: path() })
    expect(job.error).toMatchObject({
      code: 'isolation-unavailable',
      message: expect.stringContaining('crun does not like it here'),
      hint: expect.stringContaining('--isolation'),
    })
  })
})
