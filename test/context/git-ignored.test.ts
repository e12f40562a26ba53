import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openContext } from '../../src/context/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
}

async function ignoredIn(directory: string, ...sources: string[]) {
  const context = openContext({
    directory,
    dockerfile: join(directory, 'Dockerfile'),
    memoFile: join(temporaryDirectory(), 'memo'),
    nowMs: Date.now,
  })
  const result = context.select(sources, [])
  if (result.kind === 'missing') throw new Error('missing')
  return context.gitIgnored(result.selection)
}

const tree = {
  '.gitignore': 'node_modules/\n.env\n*.log\n!keep.log\n/build\n',
  '.env': 'SECRET=1',
  'node_modules/a/index.js': '',
  'node_modules/b/index.js': '',
  'packages/x/node_modules/c/index.js': '',
  'packages/x/.gitignore': '!special.log\nlocal\n',
  'packages/x/special.log': '',
  'packages/x/local/y': '',
  'packages/x/other.log': '',
  'keep.log': '',
  'build/out': '',
  'src/build/in': '',
  'src/main.ts': '',
}

test('counts files and names the topmost places, the fullest first', async () => {
  const directory = temporaryDirectory()
  write(directory, tree)
  expect(await ignoredIn(directory, '.')).toEqual({
    count: 7,
    examples: ['node_modules/', '.env', 'build/'],
  })
  expect(await ignoredIn(directory, 'src')).toBeUndefined()
  expect(await ignoredIn(directory, 'packages/x')).toMatchObject({ count: 3 })
  expect(await ignoredIn(directory, '.env', '.env')).toEqual({ count: 1, examples: ['.env'] })
})

test('what .dockerignore leaves out is no news', async () => {
  const directory = temporaryDirectory()
  write(directory, { ...tree, '.dockerignore': '**/node_modules\n.env\nbuild\n**/*.log\n**/local' })
  expect(await ignoredIn(directory, '.')).toBeUndefined()
})

test('without git there is nothing to say', async () => {
  const directory = temporaryDirectory()
  write(directory, { 'a/.gitignore': '*', 'a/b': '' })
  expect(await ignoredIn(directory, '.')).toBeUndefined()
})

test('a context inside a repository follows the rules above it', async () => {
  const directory = temporaryDirectory()
  write(directory, { ...tree, '.git/HEAD': '', '.git/info/exclude': 'main.ts\n' })
  expect(await ignoredIn(join(directory, 'packages/x'), '.')).toMatchObject({ count: 3 })
  expect(await ignoredIn(join(directory, 'src'), '.')).toEqual({ count: 1, examples: ['main.ts'] })
})

test('a fifo or a symlink in the place of a rule file has no rules', async () => {
  const directory = temporaryDirectory()
  write(directory, { a: '', '.git/HEAD': '' })
  execFileSync('mkfifo', [join(directory, '.gitignore')])
  expect(await ignoredIn(directory, 'a')).toBeUndefined()
})

test.skipIf(spawnSync('git', ['--version']).status !== 0)('agrees with git itself', async () => {
  const directory = temporaryDirectory()
  write(directory, tree)
  execFileSync('git', ['init', '-q', directory])
  const listed = execFileSync('git', ['-C', directory, 'ls-files', '--others', '--ignored', '--exclude-standard'], {
    encoding: 'utf8',
  })
  const expected = listed.split('\n').filter((line) => line !== '')
  write(directory, { '.dockerignore': '.git' })
  expect(await ignoredIn(directory, '.')).toMatchObject({ count: expected.length })
})
