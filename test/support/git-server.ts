import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { listenOnLoopback } from './loopback.ts'

/** What a commit changes: path to text; `->TARGET` makes a symlink, text that begins with `#!` is executable. */
export type CommitFiles = Readonly<Record<string, string>>

/** A bare repository, and a working copy that commits to it. */
export interface TestRepository {
  readonly directory: string
  /** Commits files and pushes; returns the commit's ID. All commits have the time of 2020-01-02T03:04:05Z. */
  commit(files: CommitFiles, options?: { readonly branch?: string; readonly tag?: string }): string
  /** Runs git in the working copy. */
  git(...args: readonly string[]): string
}

const commitTime = '2020-01-02T03:04:05Z'
export const commitTimeMs = Date.parse(commitTime)

/** Makes `NAME.git` in `directory`, with a branch `main`. */
export function makeRepository(directory: string, name: string): TestRepository {
  const bare = join(directory, `${name}.git`)
  const working = join(directory, `${name}-work`)
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: commitTime,
    GIT_COMMITTER_DATE: commitTime,
  }
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'protocol.file.allow=always']
  const git = (...args: readonly string[]): string =>
    execFileSync('git', [...identity, '-C', working, ...args], { env, encoding: 'utf8', stdio: 'pipe' }).trim()
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare], { env })
  execFileSync('git', ['init', '-q', '-b', 'main', working], { env })
  return {
    directory: bare,
    git,
    commit(files, { branch, tag } = {}) {
      if (branch !== undefined) git('checkout', '-q', '-B', branch)
      for (const [path, text] of Object.entries(files)) writeEntry(join(working, path), text)
      git('add', '--all')
      git('commit', '-q', '--allow-empty', '-m', 'change')
      if (tag !== undefined) git('tag', '-a', tag, '-m', tag)
      git('push', '-q', '--force', '--follow-tags', bare, 'HEAD')
      return git('rev-parse', 'HEAD')
    },
  }
}

function writeEntry(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  if (text.startsWith('->')) {
    symlinkSync(text.slice(2), path)
    return
  }
  writeFileSync(path, text)
  if (text.startsWith('#!')) chmodSync(path, 0o755)
}

/** Serves repositories; `log` has a line for each request. */
export interface GitServer {
  readonly url: string
  readonly log: string[]
}

/** Serves the bare repositories of a directory by `git daemon`, one process a connection: `git://127.0.0.1:PORT`. */
export async function startGitDaemon(directory: string): Promise<GitServer> {
  const log: string[] = []
  const server = createSocketServer({ pauseOnConnect: true }, (socket) => {
    log.push('connection')
    const args = ['daemon', '--inetd', '--export-all', `--base-path=${directory}`]
    const child = spawn('git', args, { stdio: [socket, socket, 'ignore'], env: serverEnv })
    child.once('close', () => socket.destroy())
  })
  const port = await listenOnLoopback(server)
  onTestFinished(() => new Promise<void>((closed) => server.close(() => closed())))
  return { url: `git://127.0.0.1:${port}`, log }
}

/** Serves the bare repositories of a directory by git's own `http-backend`, with a password when one is given. */
export async function startGitHttp(directory: string, account?: string): Promise<GitServer> {
  const log: string[] = []
  const wanted = account === undefined ? undefined : `Basic ${Buffer.from(account).toString('base64')}`
  const server = createServer((request, response) => {
    log.push(`${request.method} ${request.url}`)
    if (wanted !== undefined && request.headers.authorization !== wanted)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    else runBackend(directory, request, response)
  })
  const port = await listenOnLoopback(server)
  onTestFinished(
    () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${port}`, log }
}

const serverEnv = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
}

/** One CGI call. */
function runBackend(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://x')
  const env = {
    ...serverEnv,
    GIT_PROJECT_ROOT: directory,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    REQUEST_METHOD: request.method ?? 'GET',
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    REMOTE_ADDR: '127.0.0.1',
  }
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  request.pipe(child.stdin)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.once('close', () => {
    const answer = Buffer.concat(chunks)
    const end = answer.indexOf('\r\n\r\n')
    const headers = answer.subarray(0, end).toString().split('\r\n')
    const status = headers.find((line) => /^status:/i.test(line))
    response.statusCode = Number(/\d+/.exec(status ?? '')?.[0] ?? 200)
    for (const line of headers.filter((header) => !/^status:/i.test(header))) {
      const colon = line.indexOf(':')
      response.setHeader(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    response.end(answer.subarray(end + 4))
  })
}
