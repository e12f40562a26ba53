import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { digestOf, parseDiffId } from '../../src/base/index.ts'
import {
  type Descriptor,
  encodeConfig,
  encodeIndex,
  encodeLayoutIndex,
  encodeLayoutMarker,
  encodeManifest,
  type ImageConfig,
  layoutBlobPath,
  layoutFiles,
  mediaTypes,
  type Platform,
} from '../../src/oci/index.ts'

/** A layer as tests make it: its tar, and how it is stored. */
export interface TestLayer {
  readonly tar: Uint8Array
  readonly compression: 'none' | 'gzip' | 'zstd'
}

/** The tar of files by path. */
export async function makeTar(files: Readonly<Record<string, Uint8Array | string>>): Promise<Uint8Array> {
  const tar = pack()
  for (const [name, content] of Object.entries(files)) {
    tar.entry({ name, mode: 0o755, mtime: new Date(0) }, typeof content === 'string' ? content : Buffer.from(content))
  }
  tar.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The tar of an image with busybox as `/bin/sh`. */
export function busyboxTar(): Promise<Uint8Array> {
  return makeTar({ 'bin/busybox': readFileSync('/bin/busybox'), 'bin/sh': readFileSync('/bin/busybox') })
}

/** Writes an OCI image layout by hand, one blob at a time. */
export class LayoutWriter {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    this.#write(layoutFiles.layout, encodeLayoutMarker())
  }

  #write(path: string, bytes: Uint8Array): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }

  addBlob(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = digestOf(bytes)
    this.#write(layoutBlobPath(digest), bytes)
    return { mediaType, digest, size: bytes.byteLength }
  }

  addLayer({ tar, compression }: TestLayer): Descriptor {
    if (compression === 'gzip') return this.addBlob(mediaTypes.ociLayerGzip, gzipSync(tar))
    if (compression === 'zstd') return this.addBlob(mediaTypes.ociLayerZstd, zstdCompressSync(tar))
    return this.addBlob(mediaTypes.ociLayer, tar)
  }

  /** Adds config and manifest of an image; gives the manifest's descriptor with its platform. */
  addImage(platform: Platform, layers: readonly TestLayer[], config: ImageConfig['config'] = {}): Descriptor {
    const image: ImageConfig = {
      platform,
      created: '2024-01-01T00:00:00Z',
      config: { env: ['PATH=/bin'], cmd: ['/bin/sh'], ...config },
      diffIds: layers.map(({ tar }) => parseDiffId(digestOf(tar))),
      history: layers.map((_, index) => ({ created: '2024-01-01T00:00:00Z', createdBy: `layer ${index}` })),
    }
    const manifest = encodeManifest({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: this.addBlob(mediaTypes.ociConfig, encodeConfig(image)),
      layers: layers.map((layer) => this.addLayer(layer)),
    })
    return { ...this.addBlob(mediaTypes.ociManifest, manifest), platform }
  }

  addIndex(manifests: readonly Descriptor[]): Descriptor {
    return this.addBlob(
      mediaTypes.ociIndex,
      encodeIndex({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    )
  }

  /** Writes `index.json` with one entry per tag. */
  finish(tags: Readonly<Record<string, Descriptor>>): void {
    const images = Object.entries(tags).map(([tag, descriptor]) => ({ descriptor, names: [`layout:${tag}`] }))
    this.#write(layoutFiles.index, encodeLayoutIndex(images))
  }
}

/** Pushes one tag of a layout, all platforms, with skopeo. Not synchronous: a token server may live in this very process. */
export async function pushLayout(
  folder: string,
  tag: string,
  destination: string,
  credentials?: string,
): Promise<void> {
  const login = credentials === undefined ? [] : ['--dest-creds', credentials]
  const flags = ['--insecure-policy', 'copy', '--all', '--preserve-digests', '--dest-tls-verify=false', ...login]
  await promisify(execFile)('skopeo', [...flags, `oci:${folder}:${tag}`, `docker://${destination}`], {
    timeout: 120_000,
  })
}
