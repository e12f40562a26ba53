import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { HttpSource } from '../../src/ir/index.ts'
import { openRemote, type RemoteClient } from '../../src/remote/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'

/** The client of a command that began at `startedMs`. */
function client(directory: string, startedMs = Date.now()): RemoteClient {
  const opened = openRemote({
    directory,
    userAgent: 'longshore-test',
    env: {},
    ca: () => [],
    pid: process.pid,
    startedMs,
    retry: { retries: 2, baseDelayMs: 1, maxDelayMs: 5 },
    nowMs: () => Date.now(),
  })
  onTestFinished(() => opened.close())
  return opened
}

function source(web: WebServer, path: string, checksum?: string): HttpSource {
  const rest = checksum === undefined ? {} : { checksum }
  return { kind: 'http', url: `${web.url}${path}`, fileName: 'file', ...rest }
}

function fetch(remote: RemoteClient, from: HttpSource, signal = new AbortController().signal) {
  return remote.fetchFile(from, { signal, onProgress: () => {} })
}

const sha512 = (text: string): string => `sha512:${createHash('sha512').update(text).digest('hex')}`

describe('fetchFile', () => {
  it('keeps the file 0600 with the time of Last-Modified, and asks once a command', async () => {
    const web = await startWebServer()
    web.pages.set('/f', { body: 'one', modified: 'Tue, 01 Jan 2019 00:00:00 GMT' })
    const directory = temporaryDirectory()
    const first = client(directory)
    const { tree, unchanged } = await fetch(first, source(web, '/f'))
    const stat = statSync(join(tree.directory, 'file'))
    expect(stat.mode & 0o7777).toBe(0o600)
    expect(stat.mtimeMs).toBe(Date.parse('2019-01-01T00:00:00Z'))
    expect(unchanged).toBe(false)
    expect((await fetch(first, source(web, '/f'))).unchanged).toBe(true)
    expect(web.log).toEqual(['GET /f 200'])
    const later = await fetch(client(directory, Date.now() + 1), source(web, '/f'))
    expect(later).toMatchObject({ unchanged: true, tree: { directory: tree.directory } })
    expect(web.log).toEqual(['GET /f 200', 'GET /f 304'])
    expect(web.requests[1]?.headers['if-modified-since']).toBe('Tue, 01 Jan 2019 00:00:00 GMT')
  })

  it('asks by ETag, and takes a new file when the server has one', async () => {
    const web = await startWebServer()
    web.pages.set('/f', { body: 'one', etag: '"1"' })
    const directory = temporaryDirectory()
    const one = await fetch(client(directory), source(web, '/f'))
    web.pages.set('/f', { body: 'two', etag: '"2"' })
    const two = await fetch(client(directory, Date.now() + 1), source(web, '/f'))
    expect(web.requests[1]?.headers['if-none-match']).toBe('"1"')
    expect(readFileSync(join(two.tree.directory, 'file'), 'utf8')).toBe('two')
    // The old tree is as it was: a build that runs may still be copying from it.
    expect(readFileSync(join(one.tree.directory, 'file'), 'utf8')).toBe('one')
  })

  it('checks other algorithms too, and remembers what was right', async () => {
    const web = await startWebServer()
    web.pages.set('/f', 'text')
    const directory = temporaryDirectory()
    await fetch(client(directory), source(web, '/f', sha512('text')))
    await fetch(client(directory, Date.now() + 1), source(web, '/f', sha512('text')))
    expect(web.log).toEqual(['GET /f 200'])
    await expect(fetch(client(directory, Date.now() + 1), source(web, '/f', sha512('other')))).rejects.toMatchObject({
      code: 'checksum-mismatch',
      details: { wanted: sha512('other'), found: sha512('text') },
    })
  })

  it('tries again what breaks: a server in trouble, a body cut off', async () => {
    const web = await startWebServer()
    let calls = 0
    web.pages.set('/f', (_, response) => {
      calls += 1
      if (calls === 1) response.writeHead(503).end()
      else if (calls === 2) {
        response.writeHead(200, { 'content-length': 10 })
        response.write('12345', () => response.socket?.destroy())
      } else response.end('1234567890')
    })
    const { tree } = await fetch(client(temporaryDirectory()), source(web, '/f'))
    expect(readFileSync(join(tree.directory, 'file'), 'utf8')).toBe('1234567890')
    expect(calls).toBe(3)
  })

  it('gives up a body that is always cut off, and keeps nothing of it', async () => {
    const web = await startWebServer()
    web.pages.set('/f', (_, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('12345', () => response.socket?.destroy())
    })
    const directory = temporaryDirectory()
    await expect(fetch(client(directory), source(web, '/f'))).rejects.toMatchObject({
      code: 'remote-unreachable',
      message: expect.stringContaining(`cannot fetch ${web.url}/f: `),
    })
    expect(web.requests).toHaveLength(3)
    expect(readdirSync(join(directory, 'tmp'))).toEqual([])
  })

  it('ends a slow transfer when it is canceled', async () => {
    const web = await startWebServer()
    const abort = new AbortController()
    web.pages.set('/f', (_, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('1', () => abort.abort())
    })
    await expect(fetch(client(temporaryDirectory()), source(web, '/f'), abort.signal)).rejects.toMatchObject({
      code: 'canceled',
    })
  })

  it.each([
    ['file:///etc/passwd', 'leads to a file: address'],
    ['http://169.254.169.254/latest', 'leads to a link-local address'],
    ['/loop', 'there are too many'],
    ['http://user:password@localhost/', 'holds a user name or password'],
  ])('does not follow a redirect to %s', async (location, words) => {
    const web = await startWebServer()
    web.pages.set('/loop', (_, response) => response.writeHead(302, { location }).end())
    await expect(fetch(client(temporaryDirectory()), source(web, '/loop'))).rejects.toMatchObject({
      code: 'remote-failed',
      message: expect.stringContaining(words),
    })
  })

  it('forgets trees that nobody asked for in two weeks, when another comes', async () => {
    const web = await startWebServer()
    web.pages.set('/old', 'old')
    web.pages.set('/used', 'used')
    web.pages.set('/new', 'new')
    const directory = temporaryDirectory()
    const remote = client(directory)
    const [old, used] = [await fetch(remote, source(web, '/old')), await fetch(remote, source(web, '/used'))]
    const longAgo = Date.now() / 1000 - 15 * 24 * 3600
    for (const { tree } of [old, used]) {
      // As when who fetched it ended long ago.
      rmSync(join(tree.directory, '../holders'), { recursive: true })
      utimesSync(join(tree.directory, '..'), longAgo, longAgo)
    }
    await fetch(remote, source(web, '/used'))
    await fetch(remote, source(web, '/new'))
    expect(statSync(old.tree.directory, { throwIfNoEntry: false })).toBeUndefined()
    expect(statSync(used.tree.directory).isDirectory()).toBe(true)
  })

  it('starts anew when a note is damaged', async () => {
    const web = await startWebServer()
    web.pages.set('/f', { body: 'one', etag: '"1"' })
    const directory = temporaryDirectory()
    await fetch(client(directory), source(web, '/f'))
    for (const name of readdirSync(join(directory, 'http')))
      writeFileSync(join(directory, 'http', name), '{"digest":1}')
    await fetch(client(directory), source(web, '/f'))
    expect(web.log).toEqual(['GET /f 200', 'GET /f 200'])
  })
})
