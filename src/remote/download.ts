import { createHash } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { storeError, ToolError } from '../base/index.ts'
import {
  connectionError,
  discard,
  followRedirects,
  type HttpAnswer,
  isPassing,
  openTransport,
  pause,
  proxyFromEnvironment,
  type RetryOptions,
  redirectObjection,
  retryDelayMs,
  type Transport,
  withRetries,
} from '../http/index.ts'
import type { HttpNote } from './http-note.ts'
import { statusError } from './remote-error.ts'

export interface DownloadRequest {
  readonly url: string
  /** The address as messages show it. */
  readonly shown: string
  /** What is known of it: the server is asked whether it still holds. */
  readonly known: HttpNote | undefined
  /** Where the file goes. */
  readonly path: string
  readonly nowMs: () => number
  readonly signal: AbortSignal
  readonly onProgress: (bytes: number, totalBytes: number | undefined) => void
}

/** What came: the known file still holds, or a new one is at `path`. */
export interface Downloaded {
  readonly kind: 'unchanged' | 'new'
  readonly note: HttpNote
}

const maxRedirects = 10
const idleTimeoutMs = 60_000

/** The transport for downloads, with the proxies of the environment. */
export function openDownloads(options: {
  readonly userAgent: string
  readonly ca: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly offline: boolean
}): Transport {
  const { userAgent, ca, env, offline } = options
  return openTransport({ userAgent, ca, proxy: proxyFromEnvironment(env), idleTimeoutMs, offline })
}

/**
 * Fetches a file, or learns that it did not change. A connection that breaks is tried again from the start. Throws
 * `ToolError` of this room or of the HTTP room.
 */
export async function download(
  transport: Transport,
  retry: RetryOptions,
  request: DownloadRequest,
): Promise<Downloaded> {
  for (let attempt = 0; ; attempt++) {
    const answer = await withRetries(retry, request.signal, () => send(transport, request))
    if (answer.status === 304 && request.known !== undefined) {
      await discard(answer)
      return { kind: 'unchanged', note: { ...request.known, validatedMs: request.nowMs() } }
    }
    if (answer.status !== 200) {
      await discard(answer)
      throw statusError(answer, request.shown)
    }
    try {
      return await receive(answer, request)
    } catch (error) {
      rmSync(request.path, { force: true })
      if (attempt >= retry.retries || !isPassing(error)) throw error
      await pause(retryDelayMs(attempt, retry), request.signal)
    }
  }
}

function send(transport: Transport, { url, known, signal }: DownloadRequest): Promise<HttpAnswer> {
  const address = new URL(url)
  const authorization = basicAuthorization(address)
  address.username = ''
  address.password = ''
  const headers = {
    accept: '*/*',
    // A body compressed on the way would be another file.
    'accept-encoding': 'identity',
    ...(known?.etag === undefined ? {} : { 'if-none-match': known.etag }),
    ...(known?.lastModified === undefined || known.etag !== undefined
      ? {}
      : { 'if-modified-since': known.lastModified }),
  }
  return followRedirects(
    transport,
    { url: address, headers, signal, ...(authorization === undefined ? {} : { authorization }) },
    {
      verify: () => true,
      objection: (to, from) =>
        to.username !== '' || to.password !== ''
          ? 'it holds a user name or password'
          : redirectObjection(to, from, address, false),
      maxRedirects,
    },
  )
}

function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** Writes the body to disk and hashes it on the way. */
async function receive(answer: HttpAnswer, request: DownloadRequest): Promise<Downloaded> {
  const { path, signal } = request
  const length = answer.header('content-length')
  const total = length === undefined ? undefined : Number(length)
  const hash = createHash('sha256')
  const fd = openForWriting(path)
  let sizeBytes = 0
  try {
    for await (const chunk of answer.body) {
      const bytes: Buffer = chunk
      hash.update(bytes)
      writeAll(fd, bytes, path)
      sizeBytes += bytes.byteLength
      request.onProgress(sizeBytes, total)
    }
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw connectionError(error, answer.url, signal)
  } finally {
    answer.body.destroy()
    closeSync(fd)
  }
  const digest = `sha256:${hash.digest('hex')}`
  const etag = answer.header('etag')
  const lastModified = answer.header('last-modified')
  const modifiedMs = Date.parse(lastModified ?? '')
  const note: HttpNote = {
    digest,
    modifiedMs: Number.isNaN(modifiedMs) ? 0 : modifiedMs,
    sizeBytes,
    verified: [digest],
    validatedMs: request.nowMs(),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  }
  return { kind: 'new', note }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    throw storeError(`write ${path}`, error)
  }
}

function writeAll(fd: number, bytes: Uint8Array, path: string): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
  } catch (error) {
    throw storeError(`write ${path}`, error)
  }
}
