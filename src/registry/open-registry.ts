import { defaultRetry, discard, openTransport, type ProxySettings, type RetryOptions } from '../http/index.ts'
import type { Descriptor, Platform, Reference } from '../oci/index.ts'
import { type BlobOptions, streamBlob } from './blob.ts'
import { RegistryConnection } from './connection.ts'
import type { CredentialLookup } from './credentials.ts'
import { type LayerSink, type PullOptions, pullEach } from './pull-layers.ts'
import { type PushedDocument, pushManifest } from './push-manifest.ts'
import { type ResolvedImage, resolveImage } from './resolve-image.ts'
import { type UploadOptions, type UploadOutcome, uploadBlob } from './upload.ts'
import type { UploadSource } from './upload-session.ts'
import { type GrowingBlob, uploadStream } from './upload-stream.ts'

export interface RegistryOptions {
  /** Sent as User-Agent: `longshore/0.1.0`. */
  readonly userAgent: string
  /** False accepts any certificate of the registries named, and plain http from them. True when absent. */
  readonly tlsVerify?: boolean
  /** PEM certificates to trust besides Node's own (what NODE_EXTRA_CA_CERTS holds). */
  readonly ca?: readonly string[]
  /** Registries (`host[:port]`) that speak plain http. Loopback hosts need not be listed: both are tried. */
  readonly plainHttpHosts?: readonly string[]
  readonly credentials?: CredentialLookup
  readonly proxy?: ProxySettings
  readonly retry?: Partial<RetryOptions>
  /** Longest silence of a server; a minute when absent. */
  readonly idleTimeoutMs?: number
  /** Sends nothing; every request is refused with `offline`. */
  readonly offline?: boolean
}

/** Reads images from registries and writes them. Every failure is a `ToolError` that names the host and what was asked. */
export interface RegistryClient {
  /** The image that `reference` means for `platform`, without its layers. */
  resolveImage(reference: Reference, platform: Platform, signal?: AbortSignal): Promise<ResolvedImage>
  /** A blob's bytes; the stream throws unless size and digest are right. */
  fetchBlob(reference: Reference, descriptor: Descriptor, options?: BlobOptions): AsyncIterable<Uint8Array>
  /** Fetches layers in parallel into `sink`, each different one once. */
  pullLayers(reference: Reference, layers: readonly Descriptor[], sink: LayerSink, options?: PullOptions): Promise<void>
  /** Sees to it that the repository of `reference` has a blob. */
  uploadBlob(reference: Reference, source: UploadSource, options?: UploadOptions): Promise<UploadOutcome>
  /** Sends a blob while it is made; false when it must be sent by `uploadBlob` once it is finished. */
  uploadStream(
    reference: Reference,
    blob: GrowingBlob,
    options?: Pick<UploadOptions, 'signal' | 'onProgress'>,
  ): Promise<boolean>
  /** Stores a manifest or index whose parts are all there. */
  pushManifest(reference: Reference, document: PushedDocument, signal?: AbortSignal): Promise<void>
  /** Asks whether the registry takes the credentials; throws `registry-denied` when it does not. */
  checkLogin(registry: string, signal?: AbortSignal): Promise<void>
  /** Closes all connections; transfers that still run fail. */
  close(): Promise<void>
}

/** Opens a client for any number of registries; nothing is sent until it is asked for something. Close it when done. */
export function openRegistry(options: RegistryOptions): RegistryClient {
  const transport = openTransport({
    userAgent: options.userAgent,
    ca: options.ca ?? [],
    proxy: options.proxy ?? {},
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    offline: options.offline === true,
  })
  const connections = new Map<string, RegistryConnection>()
  const connectionTo = ({ registry }: Pick<Reference, 'registry'>): RegistryConnection => {
    const known = connections.get(registry)
    if (known !== undefined) return known
    const made = new RegistryConnection(registry, {
      transport,
      credentials: options.credentials ?? (async () => undefined),
      tlsVerify: options.tlsVerify ?? true,
      plainHttpHosts: options.plainHttpHosts ?? [],
      retry: { ...defaultRetry, ...options.retry },
    })
    connections.set(registry, made)
    return made
  }
  const fetchBlob = (reference: Reference, descriptor: Descriptor, blobOptions?: BlobOptions) =>
    streamBlob(connectionTo(reference), reference.repository, descriptor, blobOptions)
  return {
    resolveImage: (reference, platform, signal) => resolveImage(connectionTo(reference), reference, platform, signal),
    fetchBlob,
    pullLayers: (reference, layers, sink, pullOptions = {}) => {
      const { onProgress } = pullOptions
      const fetch = (layer: Descriptor, signal: AbortSignal) =>
        fetchBlob(reference, layer, {
          signal,
          ...(onProgress === undefined ? {} : { onProgress: (bytes: number) => onProgress(layer, bytes) }),
        })
      return pullEach(layers, fetch, sink, pullOptions)
    },
    uploadBlob: (reference, source, uploadOptions) =>
      uploadBlob(connectionTo(reference), reference.repository, source, uploadOptions),
    uploadStream: (reference, blob, uploadOptions) =>
      uploadStream(connectionTo(reference), reference.repository, blob, uploadOptions),
    pushManifest: (reference, document, signal) => pushManifest(connectionTo(reference), reference, document, signal),
    async checkLogin(registry, signal) {
      const connection = connectionTo({ registry })
      const answer = await connection.send({ repository: '', resource: '', headers: {}, signal })
      if (answer.status !== 200) throw await connection.failure(answer, 'login', '', 'login')
      await discard(answer)
    },
    close: () => transport.close(),
  }
}
