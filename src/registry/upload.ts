import {
  connectionError,
  discard,
  type HttpAnswer,
  isPassing,
  isPassingStatus,
  pause,
  retryDelayMs,
} from '../http/index.ts'
import type { RegistryConnection } from './connection.ts'
import { uploadChunks } from './upload-chunks.ts'
import {
  counted,
  openUpload,
  sessionOf,
  type Upload,
  type UploadSession,
  type UploadSource,
  uploadFailure,
  withDigest,
} from './upload-session.ts'

export interface UploadOptions {
  /** Repositories of the same registry that may have the blob already, the likeliest first. */
  readonly mountFrom?: readonly string[]
  readonly signal?: AbortSignal
  /** Called with the number of bytes sent so far. */
  readonly onProgress?: (sentBytes: number) => void
}

/** How a blob came to be in a repository. */
export type UploadOutcome = 'present' | 'mounted' | 'uploaded'

const bodyType = { 'content-type': 'application/octet-stream' }

/**
 * Sees to it that a repository has a blob (distribution-spec, "Pushing blobs"): asks for it, mounts it from another
 * repository, or sends it, in one piece or, where a registry refuses one so large, in several. Throws `ToolError`
 * as the connection does.
 */
export async function uploadBlob(
  connection: RegistryConnection,
  repository: string,
  source: UploadSource,
  options: UploadOptions = {},
): Promise<UploadOutcome> {
  const upload: Upload = {
    connection,
    repository,
    source,
    signal: options.signal,
    onProgress: options.onProgress ?? (() => {}),
  }
  if (await isPresent(upload)) return 'present'
  let session: UploadSession | 'mounted' | undefined
  const from = options.mountFrom?.find((candidate) => candidate !== repository)
  if (from !== undefined) session = await mount(upload, from)
  if (session === 'mounted') {
    // That a registry says so is no proof (security 59): one that does not have it is sent it.
    if (await isPresent(upload)) return 'mounted'
    session = undefined
  }
  await sendWithRetries(upload, session)
  return 'uploaded'
}

async function sendWithRetries(upload: Upload, opened: UploadSession | undefined): Promise<void> {
  const { connection, signal } = upload
  const { retry } = connection
  let session = opened
  for (let attempt = 0; ; attempt++) {
    let retryAfter: string | undefined
    try {
      session ??= await openUpload(upload)
      const answer = await sendWhole(upload, session)
      if (answer.status === 201) return await discard(answer)
      if (answer.status === 413) {
        await discard(answer)
        return await uploadChunks(upload, await openUpload(upload))
      }
      if (attempt >= retry.retries || !mayRetry(answer.status)) throw await uploadFailure(upload, answer)
      retryAfter = answer.header('retry-after')
      await discard(answer)
    } catch (error) {
      if (attempt >= retry.retries || !isPassing(error)) throw error
    }
    await pause(retryDelayMs(attempt, retry, retryAfter), signal)
    session = undefined
    // The blob may have arrived though its answer did not.
    if (await isPresent(upload)) return
  }
}

/** A session may be forgotten by the registry (404, 416) or its token run out while the blob was sent (401). */
function mayRetry(status: number): boolean {
  return isPassingStatus(status) || status === 401 || status === 404 || status === 416
}

async function isPresent({ connection, repository, source, signal }: Upload): Promise<boolean> {
  const { digest } = source.descriptor
  const answer = await connection.send({
    method: 'HEAD',
    repository,
    resource: `blobs/${digest}`,
    push: true,
    headers: {},
    signal,
  })
  await discard(answer)
  if (answer.status === 401 || answer.status === 403) {
    throw await uploadFailure({ connection, repository }, answer)
  }
  return answer.status === 200
}

/** Asks the registry to take the blob from another repository; it may open an upload instead, or refuse. */
async function mount(
  { connection, repository, source, signal }: Upload,
  from: string,
): Promise<UploadSession | 'mounted' | undefined> {
  const query = new URLSearchParams({ mount: source.descriptor.digest, from })
  const resource = `blobs/uploads/?${query}`
  const request = { method: 'POST', repository, resource, push: true, mountFrom: from, headers: {}, signal } as const
  const answer = await connection.send(request)
  await discard(answer)
  if (answer.status === 201) return 'mounted'
  return answer.status === 202 ? sessionOf(connection, answer) : undefined
}

/** The whole blob in the request that ends the upload. */
async function sendWhole(upload: Upload, session: UploadSession): Promise<HttpAnswer> {
  const { connection, repository, source, signal, onProgress } = upload
  const { digest, size } = source.descriptor
  const headers = { ...bodyType, 'content-length': String(size) }
  const resource = withDigest(session.location, digest)
  const body = size === 0 ? new Uint8Array() : counted(source.open(0), 0, onProgress)
  try {
    return await connection.send({ method: 'PUT', repository, resource, push: true, headers, body, signal })
  } catch (error) {
    throw connectionError(error, resource, signal)
  }
}
