import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createPrivateKey, createSign, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Whether the parts these tests need are installed; the reason for a skip otherwise. */
export function missingRegistryParts(): string | undefined {
  const missing = ['docker-registry', 'skopeo', 'openssl'].filter(
    (program) => spawnSync('which', [program]).status !== 0,
  )
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`
}

export interface TestRegistry {
  /** `http://127.0.0.1:PORT` or https. */
  readonly url: string
  /** `127.0.0.1:PORT`, for image references. */
  readonly host: string
  /** The PEM certificate of a registry with TLS. */
  readonly ca?: string
  stop(): Promise<void>
}

export interface TestRegistryOptions {
  /** Serve https with a certificate of its own making, for 127.0.0.1 and localhost. */
  readonly tls?: boolean
  /** Ask for user `tester` with password `secret` by HTTP basic authentication. */
  readonly basic?: boolean
  /** Say where uploads go without naming a host, so that they take the way through a proxy. */
  readonly relativeUrls?: boolean
  /** Ask for bearer tokens of a token server. */
  readonly token?: { readonly realm: string; readonly certificateFile: string }
}

/** The account of a registry started with `basic`, and of the token server. */
export const account = { username: 'tester', password: 'secret' } as const
const htpasswdLine = 'tester:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n'

/** Starts Debian's `docker-registry` on a free loopback port, with its data in a temporary folder that `stop` removes. */
export async function startRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-registry-'))
  const certificate = options.tls === true ? makeCertificate(folder) : undefined
  writeFileSync(join(folder, 'htpasswd'), htpasswdLine)
  writeFileSync(join(folder, 'config.json'), JSON.stringify(registryConfig(folder, options, certificate)))
  const child = spawn('docker-registry', ['serve', join(folder, 'config.json')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const host = await listeningOn(child)
    const url = `${certificate === undefined ? 'http' : 'https'}://${host}`
    return { url, host, stop, ...(certificate === undefined ? {} : { ca: readFileSync(certificate.file, 'utf8') }) }
  } catch (error) {
    await stop()
    throw error
  }
}

function registryConfig(folder: string, options: TestRegistryOptions, certificate: Certificate | undefined): object {
  const basic = { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } }
  const token = {
    token: {
      realm: options.token?.realm,
      service: 'test',
      issuer: 'test',
      rootcertbundle: options.token?.certificateFile,
    },
  }
  return {
    version: '0.1',
    log: { level: 'info', formatter: 'json' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: {
      addr: '127.0.0.1:0',
      secret: 'test',
      relativeurls: options.relativeUrls === true,
      ...(certificate === undefined ? {} : { tls: { certificate: certificate.file, key: certificate.keyFile } }),
    },
    ...(options.basic === true ? { auth: basic } : options.token === undefined ? {} : { auth: token }),
  }
}

/** Waits for the line that names the port; the registry's log is read on after that, so that it never blocks. */
function listeningOn(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const seen: string[] = []
    child.once('exit', (code) => reject(new Error(`docker-registry ended with ${code}: ${seen.join('\n')}`)))
    child.once('error', reject)
    if (child.stderr === null) return reject(new Error('docker-registry has no stderr'))
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (seen.length < 50) seen.push(line)
      const host = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (host !== undefined) resolve(host)
    })
  })
}

interface Certificate {
  readonly file: string
  readonly keyFile: string
}

/** Makes a self-signed certificate for 127.0.0.1 and localhost in `folder`. */
export function makeCertificate(folder: string): Certificate {
  const [file, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile, '-out', file]
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject], { stdio: 'pipe' })
  return { file, keyFile }
}

export interface TestServer {
  readonly url: string
  readonly host: string
  stop(): Promise<void>
}

/** Starts an HTTP server on a free loopback port; a listener that fails answers 500. */
export async function startServer(
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
): Promise<TestServer> {
  const server = createServer((incoming, response) => {
    Promise.resolve()
      .then(() => listener(incoming, response))
      .catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${portOf(server)}`
  const stop = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { url: `http://${host}`, host, stop }
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server listens nowhere')
  return address.port
}

/** What the token server was asked for. */
export interface TokenAsked {
  readonly method: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly form: URLSearchParams
}

export interface TokenServer extends TestServer {
  readonly certificateFile: string
  readonly asked: readonly TokenAsked[]
}

/**
 * Starts a token server (distribution's token authentication): repositories below `public/` are for anyone to pull, all
 * else is for the account or its refresh token `refresh-secret`. `lifetimeSeconds` goes into `expires_in`.
 */
export async function startTokenServer(lifetimeSeconds = 300): Promise<TokenServer> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-token-'))
  const certificate = makeCertificate(folder)
  const key = createPrivateKey(readFileSync(certificate.keyFile))
  const chain = new X509Certificate(readFileSync(certificate.file)).raw.toString('base64')
  const asked: TokenAsked[] = []
  const server = await startServer(async (incoming, response) => {
    const query = new URL(incoming.url ?? '/', 'http://x').searchParams
    const form = new URLSearchParams(Buffer.concat(await incoming.toArray()).toString())
    const authorization = incoming.headers.authorization
    asked.push({ method: incoming.method ?? '', query, authorization, form })
    const expected = `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`
    const known = authorization === expected || form.get('refresh_token') === 'refresh-secret'
    if (!known && (authorization !== undefined || form.has('refresh_token'))) {
      response.writeHead(401).end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'wrong password' }] }))
      return
    }
    const scopes = form.get('scope')?.split(' ') ?? query.getAll('scope')
    const token = signToken(
      key,
      chain,
      scopes.flatMap((scope) => grantFor(scope, known)),
    )
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ token, expires_in: lifetimeSeconds }))
  })
  const stop = async (): Promise<void> => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...server, stop, certificateFile: certificate.file, asked }
}

function grantFor(scope: string, known: boolean): object[] {
  const [type = '', name = '', actions = ''] = scope.split(':')
  const allowed = actions.split(',').filter((action) => known || (action === 'pull' && name.startsWith('public/')))
  return allowed.length === 0 ? [] : [{ type, name, actions: allowed }]
}

function signToken(key: KeyObject, chain: string, access: readonly object[]): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = part({ typ: 'JWT', alg: 'RS256', x5c: [chain] })
  const claims = part({
    iss: 'test',
    sub: '',
    aud: 'test',
    exp: now + 600,
    nbf: now - 60,
    iat: now,
    jti: `${Math.random()}`,
    access,
  })
  const signature = createSign('RSA-SHA256').update(`${head}.${claims}`).sign(key).toString('base64url')
  return `${head}.${claims}.${signature}`
}

/** One request that came to a proxy. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

export interface FaultyProxy extends TestServer {
  readonly seen: readonly Seen[]
  /** Called for each request; true means it was answered (or spoilt), false lets it through to the registry. */
  interfere: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>
}

/** Starts a proxy in front of a registry that tests can tell to misbehave through `interfere`. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const seen: Seen[] = []
  let proxy: FaultyProxy | undefined
  const server = await startServer(async (incoming, response) => {
    seen.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers })
    if (await proxy?.interfere(incoming, response)) return
    await passOn(target, incoming, response)
  })
  proxy = { ...server, seen, interfere: () => false }
  return proxy
}

/** Sends a request on to `target` and its answer back. */
export function passOn(target: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const url = new URL(incoming.url ?? '/', target)
    const headers = { ...incoming.headers, host: url.host }
    const outgoing = request(url, { method: incoming.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response).once('close', resolve)
    })
    outgoing.once('error', reject)
    incoming.pipe(outgoing)
  })
}
