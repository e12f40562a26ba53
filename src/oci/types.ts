import type { DiffId, Digest } from '../base/index.ts'

/** OCI image-spec `platform`; `os` and `architecture` use Go's names (`linux`, `amd64`, `arm64`). */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly osVersion?: string
  readonly osFeatures?: readonly string[]
}

/** OCI image-spec descriptor.md: how a document points at a blob. `size` in bytes. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly platform?: Platform
  readonly annotations?: Readonly<Record<string, string>>
  readonly urls?: readonly string[]
  /** The blob itself, in base64, for those who would else have to fetch it. */
  readonly data?: string
}

/** OCI image-spec manifest.md, and docker's schema 2 manifest, which has the same shape. */
export interface ImageManifest {
  readonly schemaVersion: 2
  readonly mediaType: string
  /** What it is, when it is no image. */
  readonly artifactType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** OCI image-spec image-index.md, and docker's manifest list. */
export interface ImageIndex {
  readonly schemaVersion: 2
  readonly mediaType: string
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** Docker's health check; times in nanoseconds, absent or 0 means the default. `test` is `[]`, `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`. */
export interface Healthcheck {
  readonly test: readonly string[]
  readonly interval?: number
  readonly timeout?: number
  readonly startPeriod?: number
  readonly startInterval?: number
  readonly retries?: number
}

/**
 * The `config` object of an image config (OCI image-spec config.md) with docker's additions. Names are ours; the
 * codec in this room maps them to the wire's (`Env`, `Cmd` …). Absent means unset; `env` keeps its order.
 */
export interface ContainerConfig {
  readonly user?: string
  readonly exposedPorts?: readonly string[]
  readonly env?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly volumes?: readonly string[]
  readonly workingDir?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly stopSignal?: string
  readonly shell?: readonly string[]
  readonly healthcheck?: Healthcheck
  readonly onBuild?: readonly string[]
  readonly argsEscaped?: boolean
}

/** One entry of an image config's `history`. `created` is RFC 3339. */
export interface HistoryEntry {
  readonly created?: string
  readonly createdBy?: string
  readonly author?: string
  readonly comment?: string
  readonly emptyLayer?: boolean
}

/** An image config (OCI image-spec config.md). `diffIds` are bottom layer first. */
export interface ImageConfig {
  readonly platform: Platform
  readonly created?: string
  readonly author?: string
  readonly config: ContainerConfig
  readonly diffIds: readonly DiffId[]
  readonly history: readonly HistoryEntry[]
}

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
} as const
