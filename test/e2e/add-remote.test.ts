import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, makeActor, unavailable } from '../support/actor.ts'
import { commitTimeMs, makeRepository, startGitDaemon, startGitHttp } from '../support/git-server.ts'
import { loadedModules } from '../support/loaded-modules.ts'
import { makeTar } from '../support/oci-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { startWebServer } from '../support/web-server.ts'
import { buildTree } from './built-tree.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

function sum(algorithm: string, text: string): string {
  return `${algorithm}:${createHash(algorithm).update(text).digest('hex')}`
}

describe.each(['root', 'user'] as const)('ADD of what is elsewhere, as %s', (name) => {
  const reason = unavailable(name)
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined
  const me = (): Actor => {
    if (actor === undefined) throw new Error(reason)
    return actor
  }
  let counter = 0
  /** A fresh context with this Dockerfile. */
  const context = (dockerfile: string, files: Readonly<Record<string, string>> = {}): string => {
    counter += 1
    return contextFor(me(), `add-${counter}`, { Dockerfile: `FROM scratch\n${dockerfile}\n`, ...files })
  }

  story('a file: name, mode, time, owner; a rebuild asks once and executes nothing', async () => {
    const web = await startWebServer()
    web.pages.set('/dir/a%20b.txt', {
      body: 'hello\n',
      etag: '"1"',
      modified: 'Tue, 01 Jan 2019 00:00:00 GMT',
    })
    web.pages.set('/plain', 'plain\n')
    web.pages.set('/', 'root\n')
    const add = context(
      [
        `ADD ${web.url}/dir/a%20b.txt /in/`,
        `ADD --chown=7:8 --chmod=755 ${web.url}/plain /named`,
        `ADD ${web.url} /unnamed/`,
      ].join('\n'),
    )
    const first = await buildTree(me(), [add])
    expect(first.stderr).not.toMatch(/error/i)
    expect(first.lines).toEqual({
      '/in': 'dir 0755 0:0',
      '/in/a b.txt': 'file 0600 0:0 = hello\n',
      '/named': 'file 0755 7:8 = plain\n',
      '/unnamed': 'dir 0755 0:0',
      '/unnamed/__unnamed__': 'file 0600 0:0 = root\n',
    })
    expect(first.tree.get('/in/a b.txt')?.mtimeSeconds).toBe(Date.parse('2019-01-01T00:00:00Z') / 1000)
    expect(first.tree.get('/named')?.mtimeSeconds).toBe(0)
    expect(first.executed).toBe(3)
    expect(web.log.filter((line) => line.includes('a%20b'))).toEqual(['GET /dir/a%20b.txt 200'])

    web.log.length = 0
    const second = await buildTree(me(), [add])
    expect(second.imageId).toBe(first.imageId)
    expect(second.executed).toBe(0)
    expect(web.log.sort()).toEqual(['GET / 200', 'GET /dir/a%20b.txt 304', 'GET /plain 200'])

    web.pages.set('/dir/a%20b.txt', { body: 'changed\n', etag: '"2"' })
    const changed = await buildTree(me(), [add])
    expect(changed.lines['/in/a b.txt']).toBe('file 0600 0:0 = changed\n')
    expect(changed.imageId).not.toBe(first.imageId)
  })

  story('the same bytes have the same key, from the context and from a URL', async () => {
    const web = await startWebServer()
    web.pages.set('/f', 'same\n')
    const local = context('COPY f /f', { f: 'same\n' })
    // The mode that a URL gives.
    chmodSync(join(local, 'f'), 0o600)
    const first = await buildTree(me(), [local])
    const fetched = await buildTree(me(), [context(`ADD ${web.url}/f /f`)])
    expect(first.status).toBe(0)
    expect(fetched.executed).toBe(0)
  })

  story('--checksum: right ones are kept without asking, wrong ones name both values', async () => {
    const web = await startWebServer()
    web.pages.set('/f', { body: 'hello\n', etag: '"1"' })
    const right = context(
      `ADD --checksum=${sum('sha256', 'hello\n')} ${web.url}/f /a\nADD --checksum=${sum('sha512', 'hello\n')} ${web.url}/f /b`,
    )
    expect((await buildTree(me(), [right])).status).toBe(0)
    web.log.length = 0
    expect(await buildTree(me(), [right])).toMatchObject({ status: 0, executed: 0 })
    expect(web.log).toEqual([])
    if (name === 'root') {
      const { stderr, loaded } = loadedModules(me(), ['build', right])
      expect(stderr).toContain('CACHED')
      expect(loaded).not.toMatch(/chevrotain|undici|koffi|tar-stream|ssri/)
    }
    const wrong = await buildTree(me(), [context(`ADD --checksum=${sum('sha256', 'x')} ${web.url}/f /a`)])
    expect(wrong.status).toBe(125)
    expect(wrong.stderr).toContain(
      `has the checksum ${sum('sha256', 'hello\n')}, but --checksum wants ${sum('sha256', 'x')}`,
    )
    expect(wrong.stderr).toContain('[checksum-mismatch]')
    expect(wrong.stderr).toContain('>>> ADD --checksum')
  })

  story('an archive is not unpacked', async () => {
    const web = await startWebServer()
    web.pages.set('/a.tar.gz', gzipSync(await makeTar({ x: Buffer.from('x') })))
    const built = await buildTree(me(), [context(`ADD ${web.url}/a.tar.gz /\nADD ${web.url}/a.tar.gz /dir/`)])
    expect(Object.keys(built.lines)).toEqual(['/a.tar.gz', '/dir', '/dir/a.tar.gz'])
  })

  story('redirects are followed, and a password goes to its own server alone', async () => {
    const [from, to] = [await startWebServer(), await startWebServer()]
    to.pages.set('/f', 'moved\n')
    from.pages.set('/r', (_, response) => response.writeHead(302, { location: `${to.url}/f` }).end())
    const add = context(`ADD ${from.url.replace('//', '//me:secret@')}/r /f`)
    const built = await buildTree(me(), [add])
    expect(built.lines).toEqual({ '/f': 'file 0600 0:0 = moved\n' })
    expect(from.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`)
    expect(to.requests[0]?.headers.authorization).toBeUndefined()
    expect(built.stderr).not.toContain('secret')
  })

  story('local files and addresses in one ADD, in order', async () => {
    const web = await startWebServer()
    web.pages.set('/same', 'from the web\n')
    const first = context(`ADD same ${web.url}/same /x/`, { same: 'local\n' })
    expect((await buildTree(me(), [first])).lines['/x/same']).toMatch(/from the web/)
    const last = context(`ADD ${web.url}/same same /x/`, { same: 'local\n' })
    expect((await buildTree(me(), [last])).lines['/x/same']).toMatch(/local/)
  })

  story.each([
    ['/missing', 404, 'remote-not-found', 'has no such file (404)'],
    ['/secret', 403, 'remote-denied', 'denied it (403)'],
    ['/teapot', 418, 'remote-failed', 'answered 418'],
  ])('%s gives a clear error', async (path, status, code, words) => {
    const web = await startWebServer()
    web.pages.set(path, (_, response) => response.writeHead(status).end())
    const failed = await buildTree(me(), [context(`ADD ${web.url}${path} /f`)])
    expect(failed.status).toBe(125)
    expect(failed.stderr).toContain(`[${code}]`)
    expect(failed.stderr).toContain(words)
    expect(failed.stderr).toContain('hint:')
  })

  story('a server that is not there gives a clear error', async () => {
    const failed = await buildTree(me(), [context('ADD http://127.0.0.1:1/f /f')])
    expect(failed.status).toBe(125)
    expect(failed.stderr).toContain('the connection was refused')
    expect(failed.stderr).toContain('[remote-unreachable]')
  })

  story('a git repository: branches, tags, commits, folders; modes and times of the commit', async () => {
    const repositories = join(me().home, 'git-1')
    mkdirSync(repositories)
    const app = makeRepository(repositories, 'app')
    const first = app.commit({ 'sub/a.txt': 'one\n', 'run.sh': '#!/bin/sh\n', link: '->sub/a.txt' }, { tag: 'v1' })
    app.commit({ 'sub/a.txt': 'two\n' })
    app.commit({ 'sub/b.txt': 'dev\n' }, { branch: 'dev' })
    const daemon = await startGitDaemon(repositories)
    const add = context(
      [
        `ADD ${daemon.url}/app.git#main /main`,
        `ADD ${daemon.url}/app.git#v1:sub /v1/`,
        `ADD ${daemon.url}/app.git?branch=dev&subdir=sub /dev`,
        `ADD --checksum=${first.slice(0, 12)} ${daemon.url}/app.git#${first}:sub /commit`,
      ].join('\n'),
    )
    const built = await buildTree(me(), [add])
    expect(built.stderr).not.toMatch(/error/i)
    expect(built.lines).toEqual({
      '/commit': 'dir 0755 0:0',
      '/commit/a.txt': 'file 0644 0:0 = one\n',
      '/dev': 'dir 0755 0:0',
      '/dev/a.txt': 'file 0644 0:0 = two\n',
      '/dev/b.txt': 'file 0644 0:0 = dev\n',
      '/main': 'dir 0755 0:0',
      '/main/link': 'symlink 0:0 -> sub/a.txt',
      '/main/run.sh': 'file 0755 0:0 = #!/bin/sh\n',
      '/main/sub': 'dir 0755 0:0',
      '/main/sub/a.txt': 'file 0644 0:0 = two\n',
      '/v1': 'dir 0755 0:0',
      '/v1/a.txt': 'file 0644 0:0 = one\n',
    })
    expect(built.tree.get('/main/run.sh')?.mtimeSeconds).toBe(commitTimeMs / 1000)

    daemon.log.length = 0
    const again = await buildTree(me(), [add])
    expect(again).toMatchObject({ imageId: built.imageId, executed: 0 })
    // One question for each branch and tag, none for the commit.
    expect(daemon.log).toHaveLength(3)
    const pinned = context(`ADD ${daemon.url}/app.git#${first} /x`)
    expect((await buildTree(me(), [pinned])).status).toBe(0)
    daemon.log.length = 0
    expect((await buildTree(me(), [pinned])).status).toBe(0)
    expect(daemon.log).toEqual([])
  })

  story('a git repository with a submodule, and .git kept', async () => {
    const repositories = join(me().home, 'git-2')
    mkdirSync(repositories)
    const lib = makeRepository(repositories, 'lib')
    lib.commit({ 'lib.txt': 'lib\n' })
    const app = makeRepository(repositories, 'app')
    app.git('submodule', 'add', '-q', lib.directory, 'vendor/lib')
    app.git('config', '-f', '.gitmodules', 'submodule.vendor/lib.url', '../lib.git')
    app.commit({ 'a.txt': 'a\n' })
    const http = await startGitHttp(repositories)
    const whole = await buildTree(me(), [
      context(`ADD ${http.url}/app.git /app\nADD ${http.url}/app.git?submodules=false /bare`),
    ])
    expect(whole.stderr).not.toMatch(/error/i)
    expect(Object.keys(whole.lines)).toEqual([
      '/app',
      '/app/.gitmodules',
      '/app/a.txt',
      '/app/vendor',
      '/app/vendor/lib',
      '/app/vendor/lib/lib.txt',
      '/bare',
      '/bare/.gitmodules',
      '/bare/a.txt',
      '/bare/vendor',
      '/bare/vendor/lib',
    ])
    const kept = await buildTree(me(), [context(`ADD --keep-git-dir=true ${http.url}/app.git /app`)])
    expect(kept.lines['/app/.git/HEAD']).toMatch(/^file 0644/)
    expect(kept.lines['/app/.git/config']).toBeDefined()
    expect(Object.keys(kept.lines).filter((path) => /hooks|logs/.test(path))).toEqual([])
  })

  story('git repositories that are not there, need a password, or have no such ref or folder', async () => {
    const repositories = join(me().home, 'git-3')
    mkdirSync(repositories)
    makeRepository(repositories, 'app').commit({ 'a.txt': 'a\n' }, { branch: 'main' })
    const http = await startGitHttp(repositories, 'me:secret')
    const open = http.url.replace('//', '//me:secret@')
    const failed = async (source: string, flags = ''): Promise<string> => {
      const built = await buildTree(me(), [context(`ADD ${flags} ${source} /x`)])
      expect(built.status).toBe(125)
      expect(built.stderr).toContain('hint:')
      expect(built.stderr.replace(/^.*(?:>>>|\|).*$/gm, '')).not.toContain('secret')
      return built.stderr
    }
    expect(await failed(`${http.url}/app.git`)).toContain('credential helper')
    expect(await failed(`${open}/nothing.git`)).toContain('[git-failed]')
    expect(await failed(`${open}/app.git#mian`)).toContain('did you mean "main"?')
    expect(await failed(`${open}/app.git#main:nowhere`)).toMatch(/"\/nowhere": not found in .*app\.git#main:nowhere/)
    expect(await failed(`${open}/app.git`, '--checksum=0123456789')).toMatch(
      /has the checksum [a-f0-9]{40}, but --checksum wants 0123456789/,
    )
    const built = await buildTree(me(), [context(`ADD ${open}/app.git /x`)])
    expect(built.lines['/x/a.txt']).toBe('file 0644 0:0 = a\n')
  })
})
