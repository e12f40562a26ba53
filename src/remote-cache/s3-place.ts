import { AwsV4Signer } from 'aws4fetch'
import { digestHex, digestOf } from '../base/index.ts'
import { discard, type HttpAnswer, type HttpMethod, readLimited, type Transport } from '../http/index.ts'
import { type Descriptor, maxDocumentBytes } from '../oci/index.ts'
import type { CachePlace } from '../ports/index.ts'
import { bodyOf, type CacheRequest, requestFailure, sendRequest } from './http-requests.ts'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Where the objects of a cache are. */
export interface S3Address {
  readonly bucket: string
  readonly region: string
  /** Amazon's of the region when absent. */
  readonly endpointUrl?: string
  /** The bucket is in the path, not in the host name. */
  readonly pathStyle: boolean
  /** Before all keys. */
  readonly prefix: string
  readonly blobsPrefix: string
  readonly manifestsPrefix: string
  /** Sets entries of one project or branch apart; blobs are shared. */
  readonly name: string
  readonly credentials: S3Credentials
}

/** Of no bytes. */
const emptyDigest = digestHex(digestOf(''))

/**
 * A cache in a bucket: entries as objects `PREFIX manifests/NAME/ENTRY`, blobs as `PREFIX blobs/sha256/HEX`. An object appears whole
 * or not at all, so any number of builds use it at once. Requests are signed by AWS signature version 4, bodies included.
 */
export function openS3Place(address: S3Address, transport: Transport): CachePlace {
  const entryKey = (entry: string): string => `${address.prefix}${address.manifestsPrefix}${address.name}/${entry}`
  const blobKey = ({ digest }: Descriptor): string =>
    `${address.prefix}${address.blobsPrefix}sha256/${digestHex(digest)}`
  const send = async (
    method: HttpMethod,
    key: string,
    signal: AbortSignal,
    content?: { readonly digest: string; readonly size: number; readonly body: NonNullable<CacheRequest['body']> },
  ): Promise<HttpAnswer> => {
    const url = objectUrl(address, key)
    const headers = await signedHeaders(address, method, url, content?.digest ?? emptyDigest)
    const length = content === undefined ? {} : { 'content-length': String(content.size) }
    const body = content === undefined ? {} : { body: content.body }
    return sendRequest(transport, { method, url, headers: { ...headers, ...length }, signal, ...body })
  }
  return {
    name: `s3 cache ${address.bucket}/${address.prefix}${address.name}`,
    async readEntry(entry, signal) {
      const answer = await send('GET', entryKey(entry), signal)
      if (answer.status === 200) return readLimited(answer, maxDocumentBytes)
      if (answer.status !== 404) throw await requestFailure(answer, `an entry in the bucket ${address.bucket}`)
      await discard(answer)
      return undefined
    },
    async writeEntry(entry, document, signal) {
      const content = { digest: digestHex(digestOf(document)), size: document.length, body: document }
      const answer = await send('PUT', entryKey(entry), signal, content)
      if (answer.status !== 200) throw await requestFailure(answer, `writing to the bucket ${address.bucket}`)
      await discard(answer)
    },
    async *readBlob(descriptor, signal) {
      const answer = await send('GET', blobKey(descriptor), signal)
      if (answer.status !== 200) throw await requestFailure(answer, `a blob in the bucket ${address.bucket}`)
      yield* bodyOf(answer, signal)
    },
    async writeBlob({ descriptor, open }, { signal, onProgress }) {
      const found = await send('HEAD', blobKey(descriptor), signal)
      await discard(found)
      if (found.status === 200 && found.header('content-length') === String(descriptor.size)) return
      async function* counted(): AsyncGenerator<Uint8Array> {
        let sent = 0
        for await (const chunk of open(0)) {
          yield chunk
          sent += chunk.length
          onProgress(sent)
        }
      }
      const content = { digest: digestHex(descriptor.digest), size: descriptor.size, body: counted }
      const answer = await send('PUT', blobKey(descriptor), signal, content)
      if (answer.status !== 200) throw await requestFailure(answer, `writing to the bucket ${address.bucket}`)
      await discard(answer)
    },
    close: () => transport.close(),
  }
}

function objectUrl({ bucket, region, endpointUrl, pathStyle }: S3Address, key: string): URL {
  const url = new URL(endpointUrl ?? `https://s3.${region}.amazonaws.com`)
  if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`
  const path = [...(pathStyle ? [bucket] : []), ...key.split('/')].map(encodeURIComponent).join('/')
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`
  return url
}

async function signedHeaders(
  { region, credentials }: S3Address,
  method: string,
  url: URL,
  digest: string,
): Promise<Readonly<Record<string, string>>> {
  const headers = { 'x-amz-content-sha256': digest }
  const signer = new AwsV4Signer({ ...credentials, method, url: url.href, service: 's3', region, headers })
  const signed = await signer.sign()
  return Object.fromEntries([...signed.headers].filter(([name]) => name !== 'host'))
}
