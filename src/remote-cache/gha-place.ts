import { digestHex, digestOf, ToolError } from '../base/index.ts'
import { discard, readLimited, type Transport } from '../http/index.ts'
import { decodeJson, fieldsOf, flag, maxDocumentBytes, text } from '../oci/index.ts'
import type { CacheBlob, CachePlace, CacheTransfer } from '../ports/index.ts'
import { bodyOf, requestFailure, sendRequest } from './http-requests.ts'

/** The cache service of GitHub Actions, as a job sees it. */
export interface GhaAddress {
  /** ACTIONS_RESULTS_URL. */
  readonly url: string
  /** ACTIONS_RUNTIME_TOKEN. Goes to the service only, never to where blobs are. */
  readonly token: string
  /** Sets entries of one image or workflow apart; blobs are shared. */
  readonly scope: string
}

const service = 'twirp/github.actions.results.api.v1.CacheService'
/** The service keeps entries of different versions apart: raised when ours are to be read in another way. */
const version = digestHex(digestOf('longshore cache 1'))

/**
 * The cache of GitHub Actions, version 2 of its service. The service has entries only, which are never changed: ours are
 * `longshore-SCOPE-ENTRY` and `longshore-blob-HEX`. It keeps those of branches apart itself: a branch reads its own and the
 * default branch's.
 */
export function openGhaPlace(address: GhaAddress, transport: Transport): CachePlace {
  const entryKey = (entry: string): string => `longshore-${address.scope}-${entry}`
  const calls = new ServiceCalls(address, transport)
  const store = async (key: string, blob: CacheBlob, transfer: CacheTransfer): Promise<void> => {
    const upload = await calls.create(key, transfer.signal)
    // Another build was first.
    if (upload === undefined) return
    await putBlob(transport, upload, blob, transfer)
    await calls.finalize(key, blob.descriptor.size, transfer.signal)
  }
  const get = async (url: URL, signal: AbortSignal, what: string) => {
    const answer = await sendRequest(transport, { url, headers: {}, signal })
    if (answer.status !== 200) throw await requestFailure(answer, what)
    return answer
  }
  return {
    name: `GitHub Actions cache ${address.scope}`,
    async readEntry(entry, signal) {
      const url = await calls.downloadUrl(entryKey(entry), signal)
      return url && readLimited(await get(url, signal, 'a cache entry'), maxDocumentBytes)
    },
    async writeEntry(entry, document, signal) {
      async function* open(): AsyncGenerator<Uint8Array> {
        yield document
      }
      const descriptor = { mediaType: '', digest: digestOf(document), size: document.length }
      await store(entryKey(entry), { descriptor, open }, { signal, onProgress: () => undefined })
    },
    async *readBlob({ digest }, signal) {
      const url = await calls.downloadUrl(blobKey(digest), signal)
      if (url === undefined) {
        throw new ToolError('registry-not-found', `the GitHub Actions cache has no blob ${digest}`, {
          hint: 'it was removed to make room for others; it is made here again',
        })
      }
      yield* bodyOf(await get(url, signal, 'a blob of the cache'), signal)
    },
    async writeBlob(blob, transfer) {
      const key = blobKey(blob.descriptor.digest)
      if ((await calls.downloadUrl(key, transfer.signal)) === undefined) await store(key, blob, transfer)
    },
    close: () => transport.close(),
  }
}

function blobKey(digest: CacheBlob['descriptor']['digest']): string {
  return `longshore-blob-${digestHex(digest)}`
}

async function putBlob(transport: Transport, url: URL, blob: CacheBlob, transfer: CacheTransfer): Promise<void> {
  const { signal, onProgress } = transfer
  async function* counted(): AsyncGenerator<Uint8Array> {
    let sent = 0
    for await (const chunk of blob.open(0)) {
      yield chunk
      sent += chunk.length
      onProgress(sent)
    }
  }
  const headers = {
    'content-length': String(blob.descriptor.size),
    'content-type': 'application/octet-stream',
    // What is behind the service: Azure's blob storage.
    'x-ms-blob-type': 'BlockBlob',
  }
  const answer = await sendRequest(transport, { method: 'PUT', url, headers, body: counted, signal })
  if (answer.status !== 200 && answer.status !== 201) throw await requestFailure(answer, 'an upload to the cache')
  await discard(answer)
}

/** The three calls of the service that are used. Names of fields are those of its protobuf. */
class ServiceCalls {
  readonly #address: GhaAddress
  readonly #transport: Transport

  constructor(address: GhaAddress, transport: Transport) {
    this.#address = address
    this.#transport = transport
  }

  /** Where to send a new entry; undefined when there is one already. */
  async create(key: string, signal: AbortSignal): Promise<URL | undefined> {
    const answer = await this.#call('CreateCacheEntry', { key, version }, signal)
    return answer?.ok === true ? answer.url('signed_upload_url', 'signedUploadUrl') : undefined
  }

  async finalize(key: string, size: number, signal: AbortSignal): Promise<void> {
    const answer = await this.#call('FinalizeCacheEntryUpload', { key, version, size_bytes: String(size) }, signal)
    if (answer?.ok === true) return
    throw new ToolError('registry-failed', `the GitHub Actions cache did not keep ${key}`, {
      hint: 'the fault is on the side of the service; the next build sends it again',
    })
  }

  /** Where an entry is; undefined when there is none. */
  async downloadUrl(key: string, signal: AbortSignal): Promise<URL | undefined> {
    const answer = await this.#call('GetCacheEntryDownloadURL', { key, version, restore_keys: [] }, signal)
    // Keys are looked for by their beginning, too.
    if (answer?.ok !== true || (answer.matchedKey ?? key) !== key) return undefined
    return answer.url('signed_download_url', 'signedDownloadUrl')
  }

  /** Undefined when the service says that there is none, or one already. */
  async #call(method: string, request: object, signal: AbortSignal): Promise<ServiceAnswer | undefined> {
    const url = new URL(`${this.#address.url.replace(/\/*$/, '/')}${service}/${method}`)
    const headers = { authorization: `Bearer ${this.#address.token}`, 'content-type': 'application/json' }
    const body = JSON.stringify(request)
    const answer = await sendRequest(this.#transport, { method: 'POST', url, headers, body, signal })
    if (answer.status === 404 || answer.status === 409) {
      await discard(answer)
      return undefined
    }
    if (answer.status !== 200) throw await requestFailure(answer, method)
    return decodeAnswer(await readLimited(answer, maxDocumentBytes))
  }
}

interface ServiceAnswer {
  readonly ok: boolean
  readonly matchedKey: string | undefined
  /** A URL under one of its names. Throws `ToolError` `invalid-document` when there is none. */
  url(name: string, other: string): URL
}

function decodeAnswer(bytes: Uint8Array): ServiceAnswer {
  return decodeJson(bytes, 'answer of the cache service', (value, place) => {
    const fields = fieldsOf(value, place)
    return {
      ok: fields.optional('ok', flag) ?? false,
      matchedKey: fields.optional('matched_key', text) ?? fields.optional('matchedKey', text),
      url(name, other) {
        const found = fields.optional(name, text) ?? fields.required(other, text)
        if (URL.canParse(found) && /^https?:$/.test(new URL(found).protocol)) return new URL(found)
        throw new ToolError('invalid-document', `the cache service gave "${name}" that is no address`, {
          hint: 'the fault is on the side of the service',
        })
      },
    }
  })
}
