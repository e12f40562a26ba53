import type { ToolError } from '../base/index.ts'
import { discard, type HttpAnswer } from '../http/index.ts'
import type { Descriptor } from '../oci/index.ts'
import type { RegistryConnection } from './connection.ts'

/** A blob that can be read as often as needed. */
export interface UploadSource {
  readonly descriptor: Descriptor
  /** The bytes from `offset` on. */
  open(offset: number): AsyncIterable<Uint8Array>
}

/** One blob on its way to one repository. */
export interface Upload {
  readonly connection: RegistryConnection
  readonly repository: string
  readonly source: UploadSource
  readonly signal: AbortSignal | undefined
  readonly onProgress: (sentBytes: number) => void
}

/** An upload that the registry has opened. */
export interface UploadSession {
  readonly location: URL
  /** Smallest piece the registry takes, when it says so (`OCI-Chunk-Min-Length`). */
  readonly minChunkBytes: number
}

/** Opens an upload. Throws `ToolError` when the registry refuses. */
export async function openUpload(upload: Pick<Upload, 'connection' | 'repository' | 'signal'>): Promise<UploadSession> {
  const { connection, repository, signal } = upload
  const request = { method: 'POST', repository, resource: 'blobs/uploads/', push: true, headers: {}, signal } as const
  const answer = await connection.send(request)
  if (answer.status !== 202) throw await uploadFailure(upload, answer)
  await discard(answer)
  return sessionOf(connection, answer)
}

/** The upload that an answer of 202 opened. Throws as `locationOf` of the connection. */
export function sessionOf(connection: RegistryConnection, answer: HttpAnswer): UploadSession {
  const least = Number(answer.header('oci-chunk-min-length') ?? 0)
  return { location: connection.locationOf(answer), minChunkBytes: Number.isSafeInteger(least) ? least : 0 }
}

/** `location` with the digest that ends an upload; its own query stays as it is. */
export function withDigest(location: URL, digest: string): URL {
  const url = new URL(location)
  url.searchParams.set('digest', digest)
  return url
}

/** The `ToolError` of an answer that refuses an upload. */
export function uploadFailure(
  { connection, repository }: Pick<Upload, 'connection' | 'repository'>,
  answer: HttpAnswer,
): Promise<ToolError> {
  return connection.failure(answer, `push to ${repository}`, repository, 'push')
}

/** Passes bytes on and tells how many there were, `start` included. */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = start
  for await (const chunk of chunks) {
    yield chunk
    sent += chunk.byteLength
    onProgress(sent)
  }
}
