import { ToolError } from '../base/index.ts'
import {
  defaultRetry,
  discard,
  type HostTrust,
  openTransport,
  type ProxySettings,
  type RetryOptions,
  type Transport,
} from '../http/index.ts'
import type { Descriptor, Platform, Reference } from '../oci/index.ts'
import { type BlobOptions, streamBlob } from './blob.ts'
import { RegistryConnection } from './connection.ts'
import type { CredentialLookup } from './credentials.ts'
import { type LayerSink, type PullOptions, pullEach } from './pull-layers.ts'
import { type PushedDocument, pushManifest } from './push-manifest.ts'
import type { Route, Routes } from './registries-conf.ts'
import { type FetchedManifest, fetchManifest, type ResolvedImage, resolveImage } from './resolve-image.ts'
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
  /** What is trusted of a host besides. */
  readonly trust?: (host: string) => HostTrust | undefined
  /** Where the images of a reference are; at its own registry when absent. */
  readonly routes?: Routes
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
  /** The manifest or index that `reference` leads to, as the registry has it. */
  fetchManifest(reference: Reference, signal?: AbortSignal): Promise<FetchedManifest>
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
    ...(options.trust === undefined ? {} : { trust: options.trust }),
    offline: options.offline === true,
  })
  const connect = connector(options, transport)
  const routes = options.routes ?? ((reference) => [{ reference, insecure: false }])
  /** Where an image was found, since a mirror may have others. */
  const found = new Map<string, Route>()
  const keyOf = ({ registry, repository }: Reference): string => `${registry}/${repository}`
  const own = (reference: Reference): Target => {
    const route = routes(reference, 'push').at(-1) ?? { reference, insecure: false }
    return { connection: connect(route), repository: route.reference.repository, reference: route.reference }
  }
  async function* fetchBlob(
    reference: Reference,
    descriptor: Descriptor,
    blobOptions?: BlobOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const first = found.get(keyOf(reference))
    const others = routes(reference, 'pull').filter(
      (route) => keyOf(route.reference) !== keyOf(first?.reference ?? route.reference),
    )
    const places = first === undefined ? routes(reference, 'pull') : [first, ...others]
    for (const [index, route] of places.entries()) {
      let began = false
      try {
        for await (const chunk of streamBlob(connect(route), route.reference.repository, descriptor, blobOptions)) {
          began = true
          yield chunk
        }
        return
      } catch (error) {
        if (began || index === places.length - 1 || !mayBeElsewhere(error)) throw error
      }
    }
  }
  const fromFirst = async <T>(
    reference: Reference,
    ask: (connection: RegistryConnection, there: Reference) => Promise<T>,
  ): Promise<T> => {
    const places = routes(reference, 'pull')
    for (const [index, route] of places.entries()) {
      try {
        const answer = await ask(connect(route), route.reference)
        found.set(keyOf(reference), route)
        return answer
      } catch (error) {
        if (index === places.length - 1 || !mayBeElsewhere(error)) throw error
      }
    }
    throw invariantRoutes()
  }
  return {
    resolveImage: (reference, platform, signal) =>
      fromFirst(reference, (connection, there) => resolveImage(connection, there, platform, signal)),
    fetchManifest: (reference, signal) =>
      fromFirst(reference, (connection, there) =>
        fetchManifest({ connection, reference: there, signal }, there.digest ?? there.tag ?? 'latest'),
      ),
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
    uploadBlob(reference, source, uploadOptions) {
      const { connection, repository } = own(reference)
      return uploadBlob(connection, repository, source, uploadOptions)
    },
    uploadStream(reference, blob, uploadOptions) {
      const { connection, repository } = own(reference)
      return uploadStream(connection, repository, blob, uploadOptions)
    },
    pushManifest(reference, document, signal) {
      const target = own(reference)
      return pushManifest(target.connection, target.reference, document, signal)
    },
    async checkLogin(registry, signal) {
      const connection = connect({ reference: { registry }, insecure: false })
      const answer = await connection.send({ repository: '', resource: '', headers: {}, signal })
      if (answer.status !== 200) throw await connection.failure(answer, 'login', '', 'login')
      await discard(answer)
    },
    close: () => transport.close(),
  }
}

interface Target {
  readonly connection: RegistryConnection
  readonly repository: string
  readonly reference: Reference
}

type Connect = (route: {
  readonly reference: Pick<Reference, 'registry'>
  readonly insecure: boolean
}) => RegistryConnection

/** One connection for each registry and manner of talking to it. */
function connector(options: RegistryOptions, transport: Transport): Connect {
  const connections = new Map<string, RegistryConnection>()
  return ({ reference: { registry }, insecure }) => {
    const key = `${registry} ${insecure}`
    const known = connections.get(key)
    if (known !== undefined) return known
    const made = new RegistryConnection(registry, {
      transport,
      credentials: options.credentials ?? (async () => undefined),
      tlsVerify: !insecure && (options.tlsVerify ?? true),
      plainHttpHosts: options.plainHttpHosts ?? [],
      retry: { ...defaultRetry, ...options.retry },
    })
    connections.set(key, made)
    return made
  }
}

/** Whether another place may have what this one has not: it is not there, not reachable, or not sound. */
function mayBeElsewhere(error: unknown): boolean {
  return (
    error instanceof ToolError &&
    (error.code.startsWith('registry-') || error.code === 'blob-mismatch' || error.code === 'invalid-document')
  )
}

function invariantRoutes(): Error {
  return new Error('a reference has at least one route')
}
