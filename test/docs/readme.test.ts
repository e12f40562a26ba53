import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkout, contextFor, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

/* The examples of README.md are run, so that none of them says what is not so. */

const readme = readFileSync(join(checkout, 'README.md'), 'utf8')
const fences = readme.matchAll(/^```(\w*)\n(.*?)^```/gms)
const blocks = [...fences].map(([, language = '', text = '']) => ({ language, text }))
const lines = blocks.flatMap(({ language, text }) => (language === '' ? text.split('\n') : []))
/** Commands without the remarks behind them. */
const commands = lines.flatMap((line) => /^(?:\$ )?((?:longshore|npm) .*?)(?:\s+#.*)?$/.exec(line)?.[1] ?? [])
const ours = commands.filter((command) => command.startsWith('longshore '))
/** Commands whose output is shown: the command and the lines below it. */
const shown = blocks.flatMap(({ text }) => {
  const [, command = '', output = ''] = /^\$ (longshore [^\n]*)\n(.*)$/s.exec(text) ?? []
  return command === '' ? [] : [{ command, output }]
})

const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
afterAll(() => removeDirectory(directory))
beforeAll(() => buildBase(me))

function run(command: string, cwd: string) {
  return longshore(me, command.split(' ').slice(1), { cwd })
}

describe('README', () => {
  test('has examples, all of which are known here', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(5)
    expect(commands.length).toBeGreaterThanOrEqual(6)
    expect(shown.length).toBeGreaterThanOrEqual(1)
    const languages = new Set(blocks.map(({ language }) => language))
    expect([...languages].filter((language) => !['', 'ts', 'sh', 'console'].includes(language))).toEqual([])
  })

  test('its links lead somewhere', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? '')
    expect(links.filter((link) => !existsSync(join(checkout, link)))).toEqual([])
  })

  test.each(ours)('%s: its command has these flags', (command) => {
    const [, name = '', ...words] = command.split(' ')
    const help = longshore(me, [name, '--help'])
    expect(help.status, help.stderr).toBe(0)
    const flags = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/=.*/, ''))
    for (const flag of flags) expect(help.stdout).toMatch(new RegExp(`^ .*${flag}\\b`, 'm'))
  })

  test('build, plan and run go as they say', () => {
    const dockerfile = 'FROM longshore-base\nRUN echo 7 > /code\nCMD ["sh", "-c", "exit $(cat /code)"]\n'
    const context = contextFor(me, 'app', { Dockerfile: dockerfile })
    const wanted = ['longshore build -t app .', 'longshore build --plan .', 'longshore run --rm app']
    expect(commands).toEqual(expect.arrayContaining(wanted))
    const plan = run('longshore build --plan .', context)
    expect(plan.status, plan.stderr).toBe(0)
    expect(plan.stdout).toContain('RUN echo 7 > /code')
    expect(run('longshore build -t app .', context).status).toBe(0)
    expect(run('longshore run --rm app', context).status).toBe(7)
  })

  test.each(commands.filter((command) => command.startsWith('npm ')))('%s', (command) => {
    const [, verb, name = verb ?? ''] = command.split(' ')
    const manifest: unknown = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
    if (name === 'ci') return expect(existsSync(join(checkout, 'package-lock.json'))).toBe(true)
    expect(manifest).toMatchObject({ scripts: { [name]: expect.any(String) } })
    // The others are this suite itself, or check the whole checkout.
    if (name !== 'hello') return
    const hello = runAs(me, ['sh', join(checkout, 'scripts/hello.sh')])
    expect(hello.status, hello.stderr).toBe(0)
    expect(hello.stdout).toContain('Hello')
  })

  test.each(shown)('$command gives what is shown', ({ command, output }) => {
    const [, name = '', line = '1', text = ''] = /^(\w+):(\d+).*\n *\d+ \| (.*)$/m.exec(output) ?? []
    const near = /did you mean "(.*)"/.exec(output)?.[1]
    const above = ['FROM longshore-base', ...Array<string>(Number(line) - 2).fill('RUN true')]
    const files = { [name]: `${[...above, text].join('\n')}\n`, ...(near === undefined ? {} : { [near]: '' }) }
    const { stderr } = run(command, contextFor(me, 'shown', files))
    expect(stderr).toBe(output)
  })

  test('the program builds an image', () => {
    const program = blocks.find(({ language }) => language === 'ts')?.text ?? ''
    const folder = contextFor(me, 'program', { Dockerfile: 'FROM longshore-base\nRUN echo hi > /hi\n' })
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(checkout, join(folder, 'node_modules/longshore'))
    writeFileSync(join(folder, 'example.ts'), `${program}\nconsole.log(imageId)\n`)
    const node = join(checkout, 'node_modules/node/bin/node')
    const result = runAs(me, [existsSync(node) ? node : process.execPath, 'example.ts'], { cwd: folder })
    expect(result.status, result.stderr).toBe(0)
    expect(result.stdout).toContain('RUN echo hi')
    expect(result.stdout).toMatch(/^sha256:[0-9a-f]{64}$/m)
    expect(longshore(me, ['images', '-q', 'app']).stdout.trim()).not.toBe('')
  })
})
