import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bakeRequests } from '../../src/cli/bake-requests.ts'
import { processHost } from '../../src/cli/process-host.ts'
import { type AffectedTarget, affectedTargets } from '../../src/engine/affected.ts'
import { bakeChanges } from '../../src/engine/bake-changes.ts'
import type { Host } from '../../src/engine/host.ts'
import { openBake } from '../../src/engine/open-bake.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const repository = join(directory, 'repository')
const host: Host = { ...processHost(), cwd: repository }
beforeAll(() => {
  git('init', '-q', '-b', 'main', repository)
  for (const [path, text] of Object.entries(files)) write(path, text)
  git('-C', repository, 'add', '--all')
  commit('first')
})
beforeEach(() => {
  git('-C', repository, 'clean', '-q', '-ffdx')
  git('-C', repository, 'reset', '-q', '--hard', 'HEAD')
})
afterAll(() => removeDirectory(directory))

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'protocol.file.allow=always']
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, GIT_CONFIG_NOSYSTEM: '1' }
  return execFileSync('git', [...identity, ...args], { env, encoding: 'utf8', stdio: 'pipe' }).trim()
}

function commit(message: string): void {
  git('-C', repository, 'commit', '-q', '-m', message)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true })
  writeFileSync(join(repository, path), text)
}

/** Targets: one for each way by which files reach an image. */
const files: Readonly<Record<string, string>> = {
  'docker-bake.hcl': `
group "default" { targets = ["copy", "part", "bind", "named", "upper", "inline", "sliced"] }
target "sliced" { context = "mono" }
target "copy" { context = "copy" }
target "part" {
  context    = "."
  dockerfile = "docker/part.Dockerfile"
}
target "bind" { context = "bind" }
target "named" {
  context  = "copy"
  contexts = { shared = "./shared" }
  dockerfile-inline = "FROM scratch\\nCOPY --from=shared /*.txt /\\n"
}
target "lower" {
  context = "lower"
  args    = { LEVEL = "1" }
}
target "upper" {
  contexts          = { base = "target:lower" }
  dockerfile-inline = "FROM base\\nENV X=1\\n"
}
target "inline" { dockerfile-inline = "FROM scratch\\nCOPY --from=empty /f /g\\nFROM scratch AS empty\\nCOPY docs/a /f\\n" }
`,
  '.dockerignore': '.git\n',
  '.gitignore': '*.log\n',
  'copy/Dockerfile': 'FROM scratch AS unused\nCOPY unused /u\nFROM scratch\nCOPY . /app/\n',
  'copy/.dockerignore': '*.md\nDockerfile\n',
  'copy/main.txt': 'main\n',
  'copy/notes.md': 'notes\n',
  'docker/part.Dockerfile': 'FROM scratch\nCOPY --exclude=*.tmp src/one* /one/\n',
  'src/one.txt': 'one\n',
  'src/two.txt': 'two\n',
  'bind/Dockerfile': 'FROM scratch\nRUN --mount=type=bind,source=in,target=/in ["/in/x"]\n',
  'bind/in/x': 'x\n',
  'bind/other': 'other\n',
  'shared/s.txt': 'shared\n',
  'shared/deep/t.txt': 'deep\n',
  'lower/Dockerfile': 'FROM scratch\nARG LEVEL\nCOPY l /l\n',
  'lower/l': 'l\n',
  'docs/a': 'a\n',
  'mono/Dockerfile': 'FROM scratch\n# longshore:workspace web\nCOPY . /app/\n',
  'mono/.dockerignore': 'Dockerfile\n',
  'mono/package.json': '{"name":"mono","private":true,"workspaces":["packages/*"]}\n',
  'mono/package-lock.json': lockFile('1.0.0', '1.0.0'),
  'mono/packages/web/package.json': '{"name":"web","version":"1.0.0","dependencies":{"left":"^1.0.0"}}\n',
  'mono/packages/web/main.js': '1\n',
  'mono/packages/other/package.json': '{"name":"other","version":"1.0.0","dependencies":{"right":"^1.0.0"}}\n',
  'mono/packages/other/main.js': '1\n',
}

/** Lock file of a workspace in which `web` needs left and `other` right. */
function lockFile(left: string, right: string): string {
  const link = (name: string) => ({ [`node_modules/${name}`]: { resolved: `packages/${name}`, link: true } })
  const own = (name: string, needs: string) => ({
    [`packages/${name}`]: { version: '1.0.0', dependencies: { [needs]: '^1.0.0' } },
  })
  const packages = {
    '': { name: 'mono', workspaces: ['packages/*'] },
    'node_modules/left': { version: left },
    ...link('other'),
    'node_modules/right': { version: right },
    ...link('web'),
    ...own('other', 'right'),
    ...own('web', 'left'),
  }
  return JSON.stringify({ name: 'mono', lockfileVersion: 3, requires: true, packages })
}

// A stage may take from one that comes later only by its context; so the inline one stands the other way round.
const inline = 'FROM scratch AS empty\\nCOPY docs/a /f\\nFROM scratch\\nCOPY --from=empty /f /g\\n'
Object.assign(files, {
  'docker-bake.hcl': (files['docker-bake.hcl'] ?? '').replace(
    /target "inline".*\n/,
    `target "inline" { dockerfile-inline = "${inline}" }\n`,
  ),
})

async function affected(ref = 'HEAD'): Promise<readonly AffectedTarget[]> {
  const question = { files: [], targets: [], set: [], variables: new Map<string, string>() }
  const opened = await openBake(question, host)
  const whole = {
    allowed: new Set<string>(),
    allowInsecure: false,
    noCache: false,
    pull: false,
    offline: true,
    keepGoing: false,
    jobs: 1,
    planOnly: true,
    root: join(directory, 'store'),
  }
  const { targets } = bakeRequests(opened.plan?.targets ?? [], whole, host)
  const signal = new AbortController().signal
  const outcome = await affectedTargets(
    targets,
    ref,
    (tree) => bakeChanges(question, opened, host, tree),
    host,
    () => undefined,
    signal,
  )
  return outcome.kind === 'compared' ? outcome.targets : []
}

const namesOf = (found: readonly AffectedTarget[]): readonly string[] =>
  found.flatMap(({ name, isAffected }) => (isAffected ? [name] : []))
const messagesOf = (found: readonly AffectedTarget[]): string =>
  found.flatMap(({ reasons }) => reasons.map(({ message }) => message)).join('\n')

const changes: readonly (readonly [what: string, change: () => void, targets: readonly string[], message?: string])[] =
  [
    ['nothing', () => undefined, []],
    [
      'a package that a slice has',
      () => write('mono/packages/web/main.js', '2\n'),
      ['sliced'],
      'web/main.js was changed',
    ],
    ['one that it has not', () => write('mono/packages/other/main.js', '2\n'), []],
    ['a lock entry that a slice has', () => write('mono/package-lock.json', lockFile('1.0.1', '1.0.0')), ['sliced']],
    ['one that no slice has', () => write('mono/package-lock.json', lockFile('1.0.0', '1.0.1')), []],
    ['a package that comes into a workspace', () => write('mono/packages/new/package.json', '{"name":"new"}'), []],
    ['a file of the workspace itself', () => write('mono/tsconfig.json', '{}\n'), ['sliced']],
    ['a workspace that cannot be sliced', () => write('mono/package-lock.json', '{'), ['sliced'], 'package-lock.json'],
    ['a file that COPY . takes', () => write('copy/main.txt', 'new\n'), ['copy'], 'copy/main.txt was changed'],
    ['a file that the ignore file leaves out', () => write('copy/notes.md', 'new\n'), []],
    ['a file that nothing takes', () => write('src/two.txt', 'new\n'), []],
    ['a file that a pattern takes', () => write('src/one.txt', 'new\n'), ['part'], 'src/one.txt was changed'],
    ['a new file that a pattern takes', () => write('src/one-more', 'new\n'), ['part'], 'src/one-more was added'],
    ['a new file that --exclude leaves out', () => write('src/one.tmp', 'new\n'), []],
    ['a file that is gone', () => rmSync(join(repository, 'copy/main.txt')), ['copy'], 'copy/main.txt was removed'],
    [
      'a file with another name',
      () => renameSync(join(repository, 'shared/s.txt'), join(repository, 'shared/r.txt')),
      ['named'],
      'shared/r.txt was added',
    ],
    ['a file that a pattern does not reach', () => write('shared/deep/t.txt', 'new\n'), []],
    ['a file that git ignores', () => write('copy/build.log', 'log\n'), ['copy'], 'copy/build.log was added'],
    ['an executable file', () => chmodSync(join(repository, 'docs/a'), 0o755), ['inline'], 'docs/a was changed'],
    ['a file of a bind mount', () => write('bind/in/x', 'new\n'), ['bind'], 'bind/in/x was changed'],
    ['a file beside a bind mount', () => write('bind/other', 'new\n'), []],
    ['a file of the target that another stands on', () => write('lower/l', 'new\n'), ['lower', 'upper']],
    [
      'the Dockerfile of that target',
      () => write('lower/Dockerfile', `${files['lower/Dockerfile']}ENV Y=2\n`),
      ['lower', 'upper'],
      'lower/Dockerfile was changed',
    ],
    ['a Dockerfile elsewhere', () => write('docker/part.Dockerfile', 'FROM scratch\nCOPY src/two.txt /\n'), ['part']],
    [
      'an ignore file that takes more',
      () => write('copy/.dockerignore', '*.md\n'),
      ['copy'],
      'copy/Dockerfile was added',
    ],
    ['an ignore file of one Dockerfile', () => write('docker/part.Dockerfile.dockerignore', 'src/one.txt\n'), ['part']],
    [
      'an argument in the bake file',
      () => write('docker-bake.hcl', (files['docker-bake.hcl'] ?? '').replace('LEVEL = "1"', 'LEVEL = "2"')),
      ['lower', 'upper'],
      'the target "lower" was defined otherwise',
    ],
    ['a comment in the bake file', () => write('docker-bake.hcl', `# new\n${files['docker-bake.hcl']}`), []],
    [
      'an override file',
      () => write('docker-bake.override.hcl', 'target "bind" {\n  labels = { a = "b" }\n}\n'),
      ['bind'],
    ],
    [
      'what git was told not to look at',
      () => {
        git('-C', repository, 'update-index', '--assume-unchanged', 'copy/main.txt')
        write('copy/main.txt', 'hidden\n')
      },
      ['copy'],
    ],
    [
      'line ends that git hides',
      () => {
        write('.gitattributes', '* text=auto\n')
        write('copy/main.txt', 'main\r\n')
      },
      ['copy'],
    ],
    [
      'a directory that becomes a symlink',
      () => {
        renameSync(join(repository, 'shared'), join(repository, 'elsewhere'))
        symlinkSync('elsewhere', join(repository, 'shared'))
      },
      ['named'],
      'shared is or lies behind a symbolic link',
    ],
  ]

describe('what a change can reach', () => {
  test.each(changes.map(([what, change, targets, message = '']) => ({ what, change, targets, message })))(
    '$what',
    async (one) => {
      one.change()
      const found = await affected()
      expect(namesOf(found)).toEqual(one.targets)
      expect(messagesOf(found)).toContain(one.message)
      git('-C', repository, 'update-index', '--no-assume-unchanged', 'copy/main.txt')
    },
  )

  test('is told of commits, too, and of the place where a branch began', async () => {
    git('-C', repository, 'checkout', '-q', '-b', 'side')
    write('copy/main.txt', 'side\n')
    git('-C', repository, 'commit', '-q', '-am', 'side')
    git('-C', repository, 'checkout', '-q', 'main')
    write('bind/in/x', 'main goes on\n')
    git('-C', repository, 'commit', '-q', '-am', 'on')
    git('-C', repository, 'checkout', '-q', 'side')
    expect(namesOf(await affected('main'))).toEqual(['copy', 'bind'])
    expect(namesOf(await affected('main...'))).toEqual(['copy'])
    await expect(affected('no-such-branch')).rejects.toThrow('the repository knows no commit "no-such-branch"')
    git('-C', repository, 'checkout', '-q', 'main')
  })

  test('names submodules: compared where their commits are there, else they count as changed', async () => {
    const library = join(directory, 'library')
    git('init', '-q', '-b', 'main', library)
    writeFileSync(join(library, 'lib.c'), 'int x;\n')
    git('-C', library, 'add', '--all')
    git('-C', library, 'commit', '-q', '-m', 'lib')
    git('-C', repository, 'submodule', '--quiet', 'add', library, 'copy/lib')
    write('copy/.dockerignore', '*.md\nDockerfile\n**/.git\n')
    git('-C', repository, 'add', '--all')
    commit('with a submodule')
    expect(namesOf(await affected())).toEqual([])
    write('copy/lib/lib.c', 'int y;\n')
    expect(namesOf(await affected())).toEqual(['copy'])
    git('-C', repository, 'submodule', '--quiet', 'deinit', '--force', 'copy/lib')
    expect(namesOf(await affected())).toEqual(['copy'])
    expect(messagesOf(await affected())).toContain('is of the submodule copy/lib, whose commit is not here')
  })

  test('a context that takes .git changes with every commit', async () => {
    write('copy/.dockerignore', '')
    mkdirSync(join(repository, 'copy/.git'))
    write('copy/.git/HEAD', 'x\n')
    expect(messagesOf(await affected())).toContain('takes copy/.git')
    rmSync(join(repository, 'copy/.git'), { recursive: true })
  })
})
