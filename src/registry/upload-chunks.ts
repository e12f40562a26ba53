import { discard, type HttpAnswer } from '../http/index.ts'
import { type Upload, type UploadSession, uploadFailure, withDigest } from './upload-session.ts'

/** Size of a piece, unless the registry wants larger ones. Proxies before registries often stop at 100 MB, some at 20. */
const chunkBytes = 16 * 1024 * 1024
const maxChunkBytes = 128 * 1024 * 1024
/** How often in a row a registry may say that it wants another piece than the one it got. */
const maxCorrections = 3

/**
 * Sends a blob in pieces (distribution-spec, "Pushing a blob in chunks"); when the registry has got more or less than we
 * think, goes on from where it is. Throws `ToolError` as the connection does.
 */
export async function uploadChunks(upload: Upload, session: UploadSession): Promise<void> {
  const { connection, repository, source, signal, onProgress } = upload
  const { digest, size } = source.descriptor
  const pieceBytes = Math.min(Math.max(chunkBytes, session.minChunkBytes), maxChunkBytes)
  let { location } = session
  let corrections = 0
  for (let offset = 0; offset < size; ) {
    const body = await readPiece(source.open(offset), Math.min(pieceBytes, size - offset))
    const headers = {
      'content-type': 'application/octet-stream',
      'content-range': `${offset}-${offset + body.byteLength - 1}`,
    }
    const answer = await connection.send({
      method: 'PATCH',
      repository,
      resource: location,
      push: true,
      headers,
      body,
      signal,
    })
    if (answer.status === 202) {
      await discard(answer)
      location = connection.locationOf(answer)
      offset = receivedBytes(answer) ?? offset + body.byteLength
      corrections = 0
    } else {
      if (answer.status !== 416 || corrections++ >= maxCorrections) throw await uploadFailure(upload, answer)
      await discard(answer)
      const status = await connection.send({ repository, resource: location, push: true, headers: {}, signal })
      if (status.status !== 204) throw await uploadFailure(upload, status)
      await discard(status)
      offset = receivedBytes(status) ?? 0
    }
    onProgress(offset)
  }
  const resource = withDigest(location, digest)
  const headers = { 'content-length': '0' }
  const answer = await connection.send({ method: 'PUT', repository, resource, push: true, headers, body: '', signal })
  if (answer.status !== 201) throw await uploadFailure(upload, answer)
  await discard(answer)
}

/** What an answer's Range says the registry has: `0-99` is 100 bytes; distribution says `0-0` also for none. */
function receivedBytes(answer: HttpAnswer): number | undefined {
  const end = /^(?:bytes=)?0-(\d+)$/.exec(answer.header('range') ?? '')?.[1]
  if (end === undefined) return undefined
  return end === '0' ? 0 : Number(end) + 1
}

async function readPiece(chunks: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const piece = Buffer.allocUnsafe(bytes)
  let used = 0
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, bytes - used)
    piece.set(part, used)
    used += part.byteLength
    if (used === bytes) break
  }
  return piece.subarray(0, used)
}
