import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { GitSource } from '../../src/ir/index.ts'
import { openRemote, type RemoteClient } from '../../src/remote/index.ts'
import { commitTimeMs, makeRepository, startGitDaemon, startGitHttp } from '../support/git-server.ts'
import { temporaryDirectory } from '../support/temporary.ts'

interface Setup {
  readonly directory?: string
  readonly env?: Readonly<Record<string, string>>
  readonly startedMs?: number
}

function client({ directory = temporaryDirectory(), env = {}, startedMs = Date.now() }: Setup = {}): RemoteClient {
  return openRemote({
    directory,
    userAgent: 'longshore-test',
    env: { PATH: process.env['PATH'], HOME: directory, ...env },
    ca: () => [],
    pid: process.pid,
    startedMs,
    nowMs: () => Date.now(),
  })
}

function source(url: string, more: Partial<GitSource> = {}): GitSource {
  return { kind: 'git', url, keepGitDir: false, submodules: true, ...more }
}

const never = new AbortController().signal

describe('fetchRepository', () => {
  it('fetches one commit, not the history, and gives files the modes and time of the commit', async () => {
    const folder = temporaryDirectory()
    const app = makeRepository(folder, 'app')
    app.commit({ old: 'old\n' })
    const commit = app.commit({ 'd/run.sh': '#!/bin/sh\n', 'd/a': 'a\n', link: '->d/a' })
    const daemon = await startGitDaemon(folder)
    const directory = temporaryDirectory()
    const fetched = await client({ directory }).fetchRepository(source(`${daemon.url}/app.git`), never)
    expect(fetched).toMatchObject({ commit, unchanged: false })
    const at = (path: string): string => join(fetched.tree.directory, path)
    expect(statSync(at('d/run.sh')).mode & 0o7777).toBe(0o755)
    expect(statSync(at('d/a')).mode & 0o7777).toBe(0o644)
    expect(statSync(at('d')).mtimeMs).toBe(commitTimeMs)
    expect(existsSync(at('.git'))).toBe(false)
    const [bare = ''] = execFileSync('ls', [join(directory, 'git')], { encoding: 'utf8' }).split('\n')
    const count = execFileSync('git', ['-C', join(directory, 'git', bare), 'rev-list', '--count', '--all'])
    expect(count.toString().trim()).toBe('1')
  })

  it('asks once a command, and not at all for a whole commit ID', async () => {
    const folder = temporaryDirectory()
    const commit = makeRepository(folder, 'app').commit({ a: 'a\n' })
    const daemon = await startGitDaemon(folder)
    const directory = temporaryDirectory()
    const url = `${daemon.url}/app.git`
    const first = client({ directory })
    await first.fetchRepository(source(url, { ref: 'main' }), never)
    daemon.log.length = 0
    expect((await first.fetchRepository(source(url, { ref: 'main' }), never)).unchanged).toBe(true)
    expect(daemon.log).toHaveLength(0)
    const second = client({ directory, startedMs: Date.now() + 1 })
    expect((await second.fetchRepository(source(url, { ref: commit }), never)).unchanged).toBe(true)
    // The pin says what must come, so the branch need not be asked about.
    expect((await second.fetchRepository(source(url, { ref: 'main', checksum: commit }), never)).unchanged).toBe(true)
    expect(daemon.log).toHaveLength(0)
    expect((await second.fetchRepository(source(url, { ref: 'main' }), never)).unchanged).toBe(true)
    expect(daemon.log).toHaveLength(1)
  })

  it('finds an old commit that no branch ends in', async () => {
    const folder = temporaryDirectory()
    const app = makeRepository(folder, 'app')
    const old = app.commit({ a: 'old\n' })
    app.commit({ a: 'new\n' })
    const daemon = await startGitDaemon(folder)
    const remote = client()
    const url = `${daemon.url}/app.git`
    // First the branch, so that the repository that is kept is a shallow one.
    await remote.fetchRepository(source(url), never)
    const { tree } = await remote.fetchRepository(source(url, { ref: old }), never)
    expect(readFileSync(join(tree.directory, 'a'), 'utf8')).toBe('old\n')
    const lost = remote.fetchRepository(source(url, { ref: '0'.repeat(40) }), never)
    await expect(lost).rejects.toMatchObject({ code: expect.stringMatching(/^(?:git-failed|remote-not-found)$/) })
  })

  it('prefers a branch to a tag of the same name, and takes full names', async () => {
    const folder = temporaryDirectory()
    const app = makeRepository(folder, 'app')
    const tagged = app.commit({ a: 'tag\n' }, { branch: 'main', tag: 'both' })
    const branch = app.commit({ a: 'branch\n' }, { branch: 'both' })
    const url = `${(await startGitDaemon(folder)).url}/app.git`
    const commitOf = async (ref: string) => (await client().fetchRepository(source(url, { ref }), never)).commit
    expect(await commitOf('both')).toBe(branch)
    expect(await commitOf('refs/tags/both')).toBe(tagged)
  })

  it('runs nothing that the repository or the user has set up, but the credential helper', async () => {
    const folder = temporaryDirectory()
    const app = makeRepository(folder, 'app')
    app.commit({ '.gitattributes': '* filter=evil\n', a: 'as committed\n' })
    const http = await startGitHttp(folder, 'me:secret')
    const home = temporaryDirectory()
    const touched = join(home, 'touched')
    mkdirSync(join(home, 'hooks'))
    writeFileSync(join(home, 'hooks/post-checkout'), `#!/bin/sh\ntouch ${touched}\n`, { mode: 0o755 })
    const config = [
      `[core]\n\thooksPath = ${home}/hooks`,
      `[filter "evil"]\n\tsmudge = touch ${touched}\n\trequired = true`,
      '[credential]\n\thelper = "!f() { echo username=me; echo password=secret; }; f"',
      `[url "${http.url}/nowhere"]\n\tinsteadOf = ${http.url}`,
    ]
    writeFileSync(join(home, '.gitconfig'), config.join('\n'))
    const { tree } = await client({ env: { HOME: home } }).fetchRepository(source(`${http.url}/app.git`), never)
    expect(readFileSync(join(tree.directory, 'a'), 'utf8')).toBe('as committed\n')
    expect(existsSync(touched)).toBe(false)
  })

  it.each(['file://LIB', 'ext::sh -c touch% TOUCHED', 'LIB'])('does not reach a submodule at %s', async (address) => {
    const folder = temporaryDirectory()
    const lib = makeRepository(folder, 'lib')
    lib.commit({ a: 'a\n' })
    const app = makeRepository(folder, 'app')
    app.git('submodule', 'add', '-q', lib.directory, 'lib')
    const touched = join(folder, 'touched')
    const url = address.replace('LIB', lib.directory).replace('TOUCHED', touched)
    app.git('config', '-f', '.gitmodules', 'submodule.lib.url', url)
    app.commit({})
    const daemon = await startGitDaemon(folder)
    await expect(client().fetchRepository(source(`${daemon.url}/app.git`), never)).rejects.toMatchObject({
      code: 'git-failed',
      message: expect.stringMatching(/transport '(?:file|ext)' not allowed/),
    })
    expect(existsSync(touched)).toBe(false)
  })

  it('says what to install when there is no git', async () => {
    const remote = client({ env: { PATH: '/nonexistent' } })
    await expect(remote.fetchRepository(source('git://127.0.0.1/x'), never)).rejects.toMatchObject({
      code: 'not-supported',
      hint: expect.stringContaining('apt-get install git'),
    })
  })

  it('leaves no password in a .git that is kept', async () => {
    const folder = temporaryDirectory()
    makeRepository(folder, 'app').commit({ a: 'a\n' })
    const http = await startGitHttp(folder, 'me:secret')
    const url = `${http.url.replace('//', '//me:secret@')}/app.git`
    const { tree, commit } = await client().fetchRepository(source(url, { keepGitDir: true }), never)
    const grep = execFileSync('sh', ['-c', 'grep -rl secret .git || true'], { cwd: tree.directory, encoding: 'utf8' })
    expect(grep).toBe('')
    const status = execFileSync('git', ['-c', 'safe.directory=*', 'status', '--porcelain'], { cwd: tree.directory })
    expect(status.toString()).toBe('')
    expect(readFileSync(join(tree.directory, '.git/HEAD'), 'utf8')).toBe(`${commit}\n`)
  })
})
