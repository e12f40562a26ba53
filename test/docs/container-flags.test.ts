import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { checkout } from '../support/actor.ts'

interface Row {
  readonly flag: string
  readonly docker: boolean
  readonly podman: boolean
  readonly here: boolean
  readonly test: string
}

const page = readFileSync(join(checkout, 'docs/container-flags.md'), 'utf8')
const rows = page.split('\n').flatMap((line): readonly Row[] => {
  const [, flag, docker, podman, here = '', named = ''] =
    /^\| `--([a-z0-9-]+)` \| (yes)? ?\| (yes)? ?\| (.*?) \| (.*?) ?\|$/.exec(line) ?? []
  if (flag === undefined) return []
  return [
    {
      flag,
      docker: docker === 'yes',
      podman: podman === 'yes',
      here: /^yes\b/.test(here),
      test: named.replaceAll('`', ''),
    },
  ]
})
const flagsOf = (chosen: readonly Row[]): readonly string[] => chosen.map(({ flag }) => flag).sort()

/** Long flags of a command of the program. */
function ownFlags(name: string): readonly string[] {
  const command = createProgram(() => undefined, undefined).commands.find((one) => one.name() === name)
  return (command?.options ?? []).map(({ long = '' }) => long.slice(2)).sort()
}

/** Long flags in the help of another program; undefined when it is not installed. */
function flagsInHelp(program: string): readonly string[] | undefined {
  const { status, stdout } = spawnSync(program, ['run', '--help'], { encoding: 'utf8' })
  if (status !== 0) return undefined
  return [...stdout.matchAll(/^\s+(?:-.,\s)?\s*--([a-z0-9-]+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((flag) => flag !== 'help')
}

describe('docs/container-flags.md', () => {
  test('has the flags of run, each once, and those of create are among them', () => {
    expect(rows.length).toBeGreaterThan(100)
    expect(new Set(flagsOf(rows)).size).toBe(rows.length)
    expect(flagsOf(rows.filter(({ here }) => here))).toEqual(ownFlags('run'))
    const onlyRun = ['attach', 'detach', 'detach-keys', 'sig-proxy']
    expect(ownFlags('create')).toEqual(ownFlags('run').filter((flag) => !onlyRun.includes(flag)))
  })

  test('names a test for each flag that is taken, which has it', () => {
    const wrong = rows
      .filter(({ here }) => here)
      .filter(({ flag, test: file }) => {
        const text = file === '' ? '' : readFileSync(join(checkout, file), 'utf8')
        return !text.includes(`'--${flag}'`) && !text.includes(`'--${flag}=`) && !hasShort(text, flag)
      })
    expect(flagsOf(wrong)).toEqual([])
  })

  // What is installed may be newer, or older: then the table has more, or this tells what is new.
  test.each(['docker', 'podman'] as const)('tells of every flag of %s that there is here', (program) => {
    const known = flagsOf(rows.filter((row) => row[program]))
    expect(known.length).toBeGreaterThan(90)
    expect((flagsInHelp(program) ?? []).filter((flag) => !known.includes(flag))).toEqual([])
  })
})

/** The short form of a flag as a word of a test. */
function hasShort(text: string, flag: string): boolean {
  const run = createProgram(() => undefined, undefined).commands.find((one) => one.name() === 'run')
  const short = run?.options.find(({ long }) => long === `--${flag}`)?.short
  return typeof short === 'string' && text.includes(`'${short}'`)
}
