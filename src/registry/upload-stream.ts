import { discard, isPassing, isPassingStatus } from '../http/index.ts'
import type { Descriptor } from '../oci/index.ts'
import type { RegistryConnection } from './connection.ts'
import { counted, openUpload, uploadFailure, withDigest } from './upload-session.ts'

/** A blob that is being made: its bytes as they come, and what it turned out to be. */
export interface GrowingBlob {
  readonly bytes: AsyncIterable<Uint8Array>
  /** Settles when the last of `bytes` has been made. */
  readonly finished: Promise<Descriptor>
}

/**
 * Sends a blob while it is made. False when that went wrong in a way that may pass, or the registry wants it otherwise:
 * the blob can then be sent by `uploadBlob` once it is finished. Throws `ToolError` for a refusal.
 */
export async function uploadStream(
  connection: RegistryConnection,
  repository: string,
  blob: GrowingBlob,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (sentBytes: number) => void } = {},
): Promise<boolean> {
  const { signal } = options
  const upload = { connection, repository, signal }
  try {
    const { location } = await openUpload(upload)
    const body = counted(blob.bytes, 0, options.onProgress ?? (() => {}))
    const headers = { 'content-type': 'application/octet-stream' }
    const request = { repository, push: true, signal } as const
    const sent = await connection.send({ ...request, method: 'PATCH', resource: location, headers, body })
    await discard(sent)
    if (sent.status !== 202) return false
    const { digest } = await blob.finished
    const resource = withDigest(connection.locationOf(sent), digest)
    const answer = await connection.send({
      ...request,
      method: 'PUT',
      resource,
      headers: { 'content-length': '0' },
      body: '',
    })
    if (answer.status === 201) {
      await discard(answer)
      return true
    }
    if (answer.status !== 404 && !isPassingStatus(answer.status)) throw await uploadFailure(upload, answer)
    await discard(answer)
    return false
  } catch (error) {
    if (isPassing(error)) return false
    throw error
  }
}
