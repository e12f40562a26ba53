import type { Canonical, ContentDigest, DiffId, Digest, StepKey } from '../base/index.ts'
import type { Descriptor, ImageConfig, ImageManifest, Platform } from '../oci/types.ts'
import type { Layer } from './layers.ts'

/** What a step's key was made of, by name, kept so that `why` can name the first part that differs. */
export type KeyComponents = { readonly [name: string]: Canonical }

/** The remembered result of a step. */
export interface StepRecord {
  readonly key: StepKey
  readonly components: KeyComponents
  /** The instruction as progress shows it. */
  readonly text: string
  readonly diffId: DiffId
  readonly contentDigest: ContentDigest
  readonly durationMs: number
  /** RFC 3339. */
  readonly created: string
  /** Whether a log was written for it. */
  readonly hasLog: boolean
}

/** The remembered identity of files picked from a root filesystem, so that a cached COPY --from mounts nothing. */
export interface SelectionRecord {
  readonly key: StepKey
  readonly contentDigest: ContentDigest
}

/** An image whose layers are all in the store. */
export interface StoredImage {
  /** Config digest: the image ID. */
  readonly id: Digest
  readonly config: ImageConfig
  /** Manifest as pulled, with its descriptor; absent for images built here. */
  readonly manifest?: ImageManifest
  readonly manifestDigest?: Digest
  /** Layers, bottom first. */
  readonly layers: readonly Layer[]
}

/** A name and what it points at, for listings. */
export interface StoredReference {
  /** Familiar name with tag, e.g. `app:latest`; empty for an image without a name. */
  readonly name: string
  /** The image that is meant when nobody asks for a platform. */
  readonly imageId: Digest
  /** Digest under which it was pulled. */
  readonly pulledDigest?: Digest
  /** All images of a name that has several, or that is a list. */
  readonly index?: StoredIndex
}

/** The images that one name stands for, in order. */
export interface StoredIndex {
  readonly members: readonly IndexMember[]
  /** Digest of the index as it came from elsewhere, kept as a blob. */
  readonly document?: Digest
  readonly annotations?: Readonly<Record<string, string>>
}

/** An image of an index: one of the store, or one that only a registry has. */
export type IndexMember = LocalMember | RemoteMember

export interface LocalMember {
  readonly kind: 'image'
  /** Familiar name by which it was added to a list. */
  readonly name?: string
  readonly imageId: Digest
  readonly platform: Platform
  readonly annotations?: Readonly<Record<string, string>>
}

export interface RemoteMember {
  readonly kind: 'remote'
  /** Familiar name by which it was added: its repository has the manifest. */
  readonly name: string
  /** Descriptor of the manifest, with the platform. */
  readonly descriptor: Descriptor
}

/** As a reference; an index may have no image of the store. */
export interface NamedIndex extends Omit<StoredReference, 'imageId' | 'index'> {
  readonly imageId?: Digest
  readonly index: StoredIndex
}

/** Remembered step results. Reads are synchronous, since a cached build is many of them and little else. */
export interface RecordStore {
  readRecord(key: StepKey): StepRecord | undefined
  writeRecord(record: StepRecord, log: Uint8Array | undefined): void
  readSelection(key: StepKey): SelectionRecord | undefined
  writeSelection(record: SelectionRecord): void
}

/** Complete layers. */
export interface LayerStore {
  layer(diffId: DiffId): Layer | undefined
  /** The layer first made with this content, whatever its times. */
  layerByContent(contentDigest: ContentDigest): Layer | undefined
}

/** Images and their names. */
export interface ImageStore {
  /** Looks `name` up as a stored name, an image ID or an unambiguous prefix of one. */
  findImage(name: string): StoredImage | undefined
  /** Stores an image whose layers are in the store; `configBytes` must be what `id` digests. */
  writeImage(image: {
    readonly id: Digest
    readonly configBytes: Uint8Array
    readonly manifestBytes?: Uint8Array
    readonly manifestDigest?: Digest
  }): void
  /** Points `name` (familiar form with tag) at an image. */
  tag(name: string, imageId: Digest, pulledDigest?: Digest): void
  references(): readonly StoredReference[]
}
