import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jobCommand, type Mode, obstacle } from './in-namespace.ts'

const child = join(import.meta.dirname, 'describe-child.ts')

describe.each(['root', 'user'] as const)('as %s', (mode: Mode) => {
  test('every isolation of this machine works, also after another was tried', ({ skip }) => {
    const reason = obstacle(mode, 'crun') ?? obstacle(mode, 'runc')
    if (reason !== undefined) skip(reason)
    const [file, ...args] = jobCommand(mode, child)
    const output = execFileSync(file, [...args, mode], { encoding: 'utf8', cwd: '/' })
    const { reports, remembered } = JSON.parse(output)
    expect(reports).toMatchObject([
      {
        isolation: 'crun',
        works: true,
        program: expect.stringMatching(/\/crun$/),
        version: expect.stringContaining('crun'),
      },
      {
        isolation: 'runc',
        works: true,
        program: expect.stringMatching(/\/runc$/),
        version: expect.stringContaining('runc'),
      },
      { isolation: 'builtin', works: true, version: expect.stringContaining('util-linux') },
    ])
    expect(JSON.stringify(remembered)).not.toContain('reason')
  })
})
