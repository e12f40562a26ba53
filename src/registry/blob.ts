import { createHash } from 'node:crypto'
import { ToolError } from '../base/index.ts'
import { connectionError, type HttpAnswer, isPassing, pause, retryDelayMs } from '../http/index.ts'
import type { Descriptor } from '../oci/index.ts'
import type { RegistryConnection } from './connection.ts'

export interface BlobOptions {
  readonly signal?: AbortSignal
  /** Called with the number of bytes received so far, after each piece. */
  readonly onProgress?: (receivedBytes: number) => void
}

/** A connection that brought this much since it last broke has earned its retries anew. */
const enoughProgressBytes = 1024 * 1024

/**
 * Streams a blob and checks it: the stream ends normally only after exactly `descriptor.size` bytes with its digest
 * (security 14, 53). A broken connection is resumed by Range. Throws `ToolError` `blob-mismatch`, or as the
 * connection does; the bytes yielded before that are worth nothing.
 */
export async function* streamBlob(
  connection: RegistryConnection,
  repository: string,
  descriptor: Descriptor,
  options: BlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const blob: Blob = { connection, repository, descriptor, signal: options.signal }
  const hash = createHash('sha256')
  let received = 0
  let breaks = 0
  let receivedAtBreak = 0
  for (;;) {
    let failure: unknown
    try {
      for await (const bytes of readFrom(blob, received)) {
        received += bytes.byteLength
        if (received > descriptor.size)
          throw mismatch(blob, `is longer than the ${descriptor.size} bytes the image names`)
        hash.update(bytes)
        options.onProgress?.(received)
        yield bytes
      }
      if (received === descriptor.size) break
      failure = mismatch(blob, `ended after ${received} of ${descriptor.size} bytes`)
    } catch (error) {
      if (!isPassing(error)) throw error
      failure = error
    }
    // The connection may break after the last byte: nothing is missing then.
    if (received === descriptor.size) break
    if (received - receivedAtBreak >= enoughProgressBytes) breaks = 0
    if (breaks >= connection.retry.retries) throw failure
    receivedAtBreak = received
    await pause(retryDelayMs(breaks++, connection.retry), options.signal)
  }
  const found = `sha256:${hash.digest('hex')}`
  if (found !== descriptor.digest) throw mismatch(blob, `has the digest ${found}`)
}

interface Blob {
  readonly connection: RegistryConnection
  readonly repository: string
  readonly descriptor: Descriptor
  readonly signal: AbortSignal | undefined
}

function mismatch({ connection, repository, descriptor }: Blob, problem: string): ToolError {
  return new ToolError(
    'blob-mismatch',
    `blob ${descriptor.digest} of ${connection.registry}/${repository} ${problem}`,
    {
      hint: 'the registry or something between is broken; pull again, and tell whoever runs the registry if it stays',
      details: { registry: connection.registry, repository, digest: descriptor.digest },
    },
  )
}

/** One request for the bytes from `offset` on. */
async function* readFrom(blob: Blob, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  const { connection, repository, descriptor, signal } = blob
  const answer = await connection.send({
    repository,
    resource: `blobs/${descriptor.digest}`,
    // A body compressed on the way would have another length and digest.
    headers: { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) },
    signal,
  })
  try {
    // A server that knows no ranges begins anew: what we have is passed over, and the digest covers all of it in the end.
    let skip = await acceptBody(blob, answer, offset)
    for await (const chunk of answer.body) {
      const bytes: Uint8Array = chunk
      const skipped = Math.min(skip, bytes.byteLength)
      skip -= skipped
      if (skipped < bytes.byteLength) yield bytes.subarray(skipped)
    }
  } catch (error) {
    throw connectionError(error, answer.url, signal)
  } finally {
    answer.body.destroy()
  }
}

/** Checks status and headers; returns how many bytes of the body come before `offset`. */
async function acceptBody(blob: Blob, answer: HttpAnswer, offset: number): Promise<number> {
  const { connection, repository, descriptor } = blob
  if (answer.status === 416) throw mismatch(blob, `ended after ${offset} of ${descriptor.size} bytes`)
  const partial = offset > 0 && answer.status === 206
  if (answer.status !== 200 && !partial)
    throw await connection.failure(answer, `blob ${descriptor.digest} of ${repository}`, repository)
  const range = answer.header('content-range')
  if (partial && range !== `bytes ${offset}-${descriptor.size - 1}/${descriptor.size}`) {
    throw mismatch(blob, `was asked for from byte ${offset} on, but came as "${range ?? 'no range'}"`)
  }
  const announced = answer.header('content-length')
  const expected = partial ? descriptor.size - offset : descriptor.size
  if (announced !== undefined && Number(announced) !== expected) {
    throw mismatch(blob, `is announced with ${announced} bytes, but the image names ${expected}`)
  }
  return partial ? 0 : offset
}
