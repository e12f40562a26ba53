import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  contextFor,
  giveTo,
  longshoreAsync,
  makeActor,
  type RunOptions,
  startLongshore,
  unavailable,
} from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { type FaultyRegistry, startFaultyRegistry } from '../support/faulty-registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

/*
 * Each error of the world is provoked, and its page in docs/diagnostics shows what came out. UPDATE_GOLDEN=1 writes it
 * there.
 */

const checkout = join(import.meta.dirname, '../..')
const update = process.env['UPDATE_GOLDEN'] === '1'
const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
let registry: FaultyRegistry

beforeAll(async () => {
  registry = await startFaultyRegistry()
  buildBase(me)
})
afterAll(async () => {
  await registry.stop()
  removeDirectory(directory)
})

interface Provocation {
  readonly code: string
  /** The command as the page shows it, after `longshore `; `REGISTRY` is the faulty one. */
  readonly command: string
  readonly files?: Readonly<Record<string, string>>
  readonly exitCode?: number
  /** Changes the folder before the command runs in it. */
  readonly prepare?: (folder: string) => RunOptions | undefined
}

const base = 'FROM longshore-base\n'
const app = { Dockerfile: `${base}COPY . /app/\n` }

const provocations: readonly Provocation[] = [
  { code: 'context-not-found', command: 'build appp' },
  { code: 'dockerfile-not-found', command: 'build .', files: { 'app.js': '' } },
  { code: 'context-unreadable', command: 'build .', files: app, prepare: danglingIgnoreFile },
  { code: 'bad-ignore-pattern', command: 'build .', files: { ...app, '.dockerignore': '*.log\n[a-\n' } },
  { code: 'bake-file-not-found', command: 'bake', files: { Dockerfile: base } },
  ...(
    [
      ['bake-syntax', 'target "app" {\n  tags = ["example/app"\n  context = "."\n}\n'],
      ['bake-unknown-name', 'target "app" {\n  platform = ["linux/amd64"]\n}\n'],
      ['bake-wrong-type', 'target "app" {\n  tags = "example/app"\n}\n'],
      ['bake-no-element', 'PORTS = { http = 80 }\ntarget "app" {\n  args = { PORT = PORTS.https }\n}\n'],
      ['bake-loop', 'target "app" {\n  inherits = ["base"]\n}\ntarget "base" {\n  inherits = ["app"]\n}\n'],
      [
        'bake-invalid-variable',
        'variable "TAG" {\n  validation {\n    condition     = TAG != ""\n    error_message = "give TAG"\n  }\n}\ntarget "app" {}\n',
      ],
      ['bake-invalid-name', 'target "app" {\n  name   = "app.${v}"\n  matrix = { v = ["1", "2"] }\n}\n'],
      ['bake-not-supported', 'target "app" {\n  args = { HASH = bcrypt("x") }\n}\n'],
    ] as const
  ).map(([code, text]) => ({ code, command: 'bake app', files: { 'docker-bake.hcl': text } })),
  {
    code: 'bake-compose',
    command: 'bake',
    files: { 'compose.yaml': 'services:\n  app:\n    image: example/app:${VERSION:?say which}\n    build: .\n' },
  },
  { code: 'usage', command: 'build -o dest=out .', files: app },
  {
    code: 'lock-mismatch',
    command: 'build --locked .',
    files: {
      Dockerfile: 'FROM registry.example.com/team/app:2\nRUN make\n',
      'longshore.lock': '{"version": 1, "images": {}, "files": {}, "repositories": {}}\n',
    },
  },
  {
    code: 'offline',
    command: 'build --offline .',
    files: { Dockerfile: 'FROM registry.example.com/team/app:1\nRUN make\n' },
  },
  { code: 'registry-unreachable', command: 'pull 127.0.0.1:1/app' },
  { code: 'registry-denied', command: 'pull REGISTRY/private:1' },
  { code: 'registry-not-found', command: 'pull REGISTRY/gone:1' },
  { code: 'registry-failed', command: 'pull REGISTRY/limited:1' },
  { code: 'platform-mismatch', command: 'pull REGISTRY/foreign:1' },
  { code: 'invalid-document', command: 'pull REGISTRY/broken:1' },
  { code: 'blob-mismatch', command: 'pull REGISTRY/tampered:1' },
  { code: 'archive-invalid', command: 'pull REGISTRY/damaged:1' },
  { code: 'step-failed', command: 'build .', files: { Dockerfile: `${base}RUN echo oops && exit 3\n` }, exitCode: 1 },
  { code: 'user-not-found', command: 'build .', files: { Dockerfile: `${base}USER alice\nRUN true\n` } },
  { code: 'run-failed', command: 'run -w /etc/passwd longshore-base true' },
  { code: 'output-failed', command: 'build -o type=oci,tar=false,dest=out .', files: { ...app, out: '' } },
  { code: 'store-failed', command: '--root out/store build .', files: { ...app, out: '' } },
  {
    code: 'isolation-unavailable',
    command: 'build --isolation crun .',
    files: { Dockerfile: `${base}RUN pwd\n` },
    prepare: refusingRuntime,
  },
  { code: 'source-not-found', command: 'build .', files: { Dockerfile: `${base}COPY readme.md /\n`, 'README.md': '' } },
  {
    code: 'source-excluded',
    command: 'build .',
    files: { Dockerfile: `${base}COPY app.log /\n`, 'app.log': '', '.dockerignore': '# logs\n*.log\n' },
  },
  ...workspaceProvocations(),
  {
    code: 'git-ignored-files',
    command: 'build .',
    files: { Dockerfile: `${base}COPY . /app/\n`, '.gitignore': 'node_modules\n', 'node_modules/a/index.js': '' },
    exitCode: 0,
  },
  {
    code: 'remote-cache',
    command: 'build --cache-from 127.0.0.1:1/cache .',
    files: { Dockerfile: `${base}COPY app.txt /\n`, 'app.txt': '' },
    exitCode: 0,
  },
]

/** Workspaces that cannot be sliced. */
function workspaceProvocations(): readonly Provocation[] {
  const Dockerfile = `${base}# longshore:workspace web\nCOPY . /app/\n`
  const root = JSON.stringify({ name: 'root', workspaces: ['apps/*'] })
  const web = JSON.stringify({ name: 'web', dependencies: { react: '^19.0.0' } })
  const all = { Dockerfile, 'package.json': root, 'apps/web/package.json': web }
  const lock = (version: number): string =>
    `{\n  "lockfileVersion": ${version},\n  "packages": { "": {}, "apps/web": {}, "node_modules/web": { "resolved": "apps/web", "link": true } }\n}\n`
  const command = 'build .'
  return [
    { code: 'workspace-invalid', command, files: all },
    { code: 'workspace-lock-not-supported', command, files: { ...all, 'package-lock.json': lock(1) } },
    { code: 'workspace-lock-outdated', command, files: { ...all, 'package-lock.json': lock(3) } },
    {
      code: 'workspace-package-not-found',
      command,
      files: { ...all, 'package-lock.json': lock(3), 'apps/web/package.json': '{"name":"@acme/web"}' },
    },
  ]
}

/** A symlink to nothing must not count as "no rules". */
function danglingIgnoreFile(folder: string): undefined {
  symlinkSync('rules', join(folder, '.dockerignore'))
}

/** A PATH on which the runtime comes first that this machine's kernel, say, does not let work. */
function refusingRuntime(folder: string): RunOptions {
  const programs = join(folder, 'bin')
  mkdirSync(programs)
  const script = '#!/bin/sh\necho "crun: cannot write to cgroup.procs: Permission denied" >&2\nexit 1\n'
  writeFileSync(join(programs, 'crun'), script, { mode: 0o755 })
  return { env: { PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin` } }
}

/** The part of stderr that a page shows: from the place or the failed step's output on; progress goes. */
function shownPart(stderr: string): string {
  const lines = stderr.split('\n')
  const step = lines.indexOf('------')
  const start = /^\S*(Dockerfile|docker-bake\.hcl|compose\.yaml):\d+|^registry cache .*: warning: /
  const place = lines.findIndex((line) => start.test(line))
  const first = [step, place, lines.findIndex((line) => line.startsWith('error: '))].filter((index) => index >= 0)
  return lines
    .slice(Math.min(...first))
    .join('\n')
    .trimEnd()
}

/** What differs from run to run gets a lasting name. */
function lasting(text: string, folder: string): string {
  return text
    .replaceAll(`${folder}/`, '')
    .replaceAll(folder, '.')
    .replaceAll(registry.host, 'registry.example.com')
    .replaceAll(me.home, '/home/me')
    .replaceAll(/debug [0-9a-f]{12}/g, 'debug 4c0ffee0a11b')
}

function checkPage(code: string, command: string, output: string): void {
  const file = join(checkout, 'docs/diagnostics', `${code}.md`)
  const page = readFileSync(file, 'utf8')
  const wanted = page.replace(/```text\n.*?```/s, () => `\`\`\`text\n$ longshore ${command}\n${output}\n\`\`\``)
  if (update) writeFileSync(file, wanted)
  expect(readFileSync(file, 'utf8')).toBe(wanted)
}

describe('pages of errors of the world', () => {
  test.concurrent.each(provocations)('$code', async ({ code, command, files = {}, exitCode = 125, prepare }) => {
    const folder = contextFor(me, `provoke-${code}`, { '.keep': '', ...files })
    const options = prepare?.(folder) ?? {}
    giveTo(me, folder)
    const args = command.replace('REGISTRY', registry.host).split(' ')
    const { status, stderr } = await longshoreAsync(me, args, { cwd: folder, ...options })
    expect(stderr).toContain(`[${code}]`)
    expect(status, stderr).toBe(exitCode)
    checkPage(code, command.replace('REGISTRY', 'registry.example.com'), lasting(shownPart(stderr), folder))
  })

  test.skipIf(unavailable('user') !== undefined)('permission-denied', async () => {
    // Root may write everywhere.
    const user = makeActor('user', directory)
    const folder = contextFor(user, 'provoke-permission', app)
    const { status, stderr } = await longshoreAsync(user, ['--root', '/etc/longshore', 'build', '.'], { cwd: folder })
    expect(status, stderr).toBe(125)
    checkPage('permission-denied', '--root /etc/longshore build .', shownPart(stderr))
  })

  test('canceled', async () => {
    const folder = contextFor(me, 'provoke-cancel', { Dockerfile: `${base}RUN echo started && sleep 60\n` })
    const child = startLongshore(me, ['build', '.'], { cwd: folder })
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      if (/\d started/.test(stderr) && !child.killed) child.kill('SIGINT')
    })
    const status = await new Promise((resolve) => child.once('close', resolve))
    expect(status, stderr).toBe(130)
    checkPage('canceled', 'build .', shownPart(stderr))
  })

  test('errors about containers, volumes and networks', async () => {
    await done('create', '--name', 'web', '-v', 'data:/data', 'longshore-base', 'true')
    const provoked = [
      ['name-in-use', 125, 'run --name web longshore-base true'],
      ['container-not-found', 1, 'stop wep'],
      ['container-failed', 1, 'exec web true'],
      ['volume-not-found', 1, 'volume rm date'],
      ['volume-in-use', 1, 'volume rm data'],
      ['network-not-found', 1, 'network inspect wbe'],
    ] as const
    for (const [code, exitCode, command] of provoked) {
      const { status, stderr } = await longshoreAsync(me, command.split(' '))
      expect(status, stderr).toBe(exitCode)
      checkPage(code, command, shownPart(stderr))
    }
    await done('rm', 'web')
    await done('volume', 'rm', 'data')
  })
})

async function done(...args: readonly string[]): Promise<void> {
  const { status, stderr } = await longshoreAsync(me, args)
  expect(status, stderr).toBe(0)
}

/** Where those are tested that no command brings about at will. */
const elsewhere: Readonly<Record<string, string>> = {
  'checksum-mismatch': 'test/remote/fetch-file.test.ts',
  'emulation-unavailable': 'test/e2e/platforms.test.ts',
  'git-failed': 'test/remote/fetch-repository.test.ts',
  'image-in-use': 'test/e2e/images.test.ts',
  'not-reproducible': 'test/e2e/verify.test.ts',
  'remote-denied': 'test/e2e/add-remote.test.ts',
  'remote-failed': 'test/remote/fetch-file.test.ts',
  'remote-not-found': 'test/remote/fetch-repository.test.ts',
  'remote-unreachable': 'test/remote/fetch-file.test.ts',
  'secret-not-found': 'test/e2e/errors.test.ts',
  'archive-too-large': 'test/layer/unpack-layer.test.ts',
  'image-not-found': 'test/store/store.test.ts',
  'invalid-digest': 'test/base/digest.test.ts',
  'invalid-reference': 'test/oci/reference.test.ts',
  'limit-unavailable': 'test/cgroup/open-cgroup.test.ts',
  'network-in-use': 'test/network/connect-container.test.ts',
  'network-unavailable': 'test/network/plan-network.test.ts',
  'port-in-use': 'test/network/open-network.test.ts',
  'layer-limit': 'test/snapshot/overlay.test.ts',
  'no-space': 'test/e2e/errors.test.ts',
  'not-supported': 'test/oci/decode-manifest.test.ts',
  'system-call-failed': 'test/layer/unpack-archive.test.ts',
}

const ofContainers = [
  ...[
    'name-in-use',
    'container-not-found',
    'container-failed',
    'volume-not-found',
    'volume-in-use',
    'network-not-found',
  ],
]

/** Codes that nothing can bring about yet, or only a bug or a damaged disk could. */
const untested: Readonly<Record<string, string>> = {
  'network-failed': 'only a program of the machine that refuses what it was asked, such as ip or nft, brings it about',
  'store-corrupt': 'the store treats what is damaged as absent; only a race with its removal is left',
}

test('every code of ToolError is provoked here, tested elsewhere, or said why not', () => {
  const union = readFileSync(join(checkout, 'src/base/tool-error.ts'), 'utf8')
  const codes = [...union.matchAll(/^ {2}\| '([a-z-]+)'$/gm)].map((match) => match[1] ?? '')
  const here = [...provocations.map(({ code }) => code), 'permission-denied', 'canceled', ...ofContainers]
  const known = new Set([...here, ...Object.keys(elsewhere), ...Object.keys(untested)])
  expect(codes.length).toBeGreaterThan(30)
  expect(codes.filter((code) => !known.has(code))).toEqual([])
  const diagnostics = [
    'source-excluded',
    'git-ignored-files',
    'remote-cache',
    ...workspaceProvocations().map(({ code }) => code),
  ]
  const others = [...known].filter((code) => !codes.includes(code) && !diagnostics.includes(code))
  expect(others.filter((code) => !code.startsWith('bake-'))).toEqual([])
  for (const [code, file] of Object.entries(elsewhere)) {
    expect(readFileSync(join(checkout, file), 'utf8'), file).toContain(code)
  }
})

test('nothing of it stays in the store', () => {
  for (const folder of ['work', 'tmp']) expect(readdirSync(join(me.home, 'store', folder))).toEqual([])
})
