import { digestOf, ToolError } from '../base/index.ts'
import { discard } from '../http/index.ts'
import { familiarName, type Reference } from '../oci/index.ts'
import type { RegistryConnection } from './connection.ts'

/** A manifest or an index as it goes to a registry. */
export interface PushedDocument {
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/**
 * Stores a manifest or index under the tag of `reference`, or under its digest when that has none. All it names must be
 * there. Throws `ToolError` of the connection, or `blob-mismatch` when the registry has kept something else.
 */
export async function pushManifest(
  connection: RegistryConnection,
  reference: Reference,
  { mediaType, bytes }: PushedDocument,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { repository } = reference
  const digest = digestOf(bytes)
  const resource = `manifests/${reference.tag ?? digest}`
  const headers = { 'content-type': mediaType, 'content-length': String(bytes.byteLength) }
  const answer = await connection.send({
    method: 'PUT',
    repository,
    resource,
    push: true,
    headers,
    body: bytes,
    signal,
  })
  if (answer.status !== 201 && answer.status !== 202) {
    throw await connection.failure(answer, `push of the manifest of ${familiarName(reference)}`, repository, 'push')
  }
  await discard(answer)
  const kept = answer.header('docker-content-digest')
  if (kept === undefined || kept === digest) return
  throw new ToolError(
    'blob-mismatch',
    `${answer.url.host} was given the manifest ${digest} of ${familiarName(reference)}, but says it is ${kept.slice(0, 80)}`,
    {
      hint: 'something between changes what is sent; push again, and tell whoever runs the registry if it stays',
      details: { registry: connection.registry, expected: digest },
    },
  )
}
