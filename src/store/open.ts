import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { storeAction, ToolError } from '../base/index.ts'
import type { TraceStore } from '../ports/index.ts'
import { type Blobs, openBlobs } from './blobs.ts'
import { readIfExists, writeAtomic } from './files.ts'
import { type Images, openImages } from './images.ts'
import { type Layers, openLayers } from './layers.ts'
import { openRecords, type Records } from './records.ts'
import { openTraces } from './traces.ts'
import { openUses, type Uses } from './uses.ts'

const formatVersion = 'longshore store 1\n'
const folders = [
  'blobs/sha256',
  'cache',
  'containers',
  'content',
  'images',
  'layers',
  'pending',
  'records',
  'refs',
  'selections',
  'state',
  'tmp',
  'traces',
  'work',
]

/** A store directory: everything Longshore keeps. */
export interface Store {
  readonly root: string
  readonly blobs: Blobs
  readonly layers: Layers
  readonly images: Images
  readonly records: Records
  readonly traces: TraceStore
  /** Which results builds used. */
  readonly uses: Uses
  /** A derived file that can be made again (parsed Dockerfile, context memo, probe result); undefined when missing. */
  readCache(name: string): Uint8Array | undefined
  writeCache(name: string, bytes: string | Uint8Array): void
  /** Path of a derived file, for adapters that write it themselves. */
  cachePath(name: string): string
}

/**
 * Opens the store at `root`, making it when it is not there. Throws `ToolError` `permission-denied`, `no-space`,
 * `store-failed`, or `not-supported` when another version wrote it.
 */
export function openStore(root: string): Store {
  const versionPath = join(root, 'version')
  const version = readIfExists(versionPath)?.toString('utf8')
  if (version === undefined) {
    storeAction(`make the store at ${root}`, () => {
      for (const folder of folders) mkdirSync(join(root, folder), { recursive: true, mode: 0o755 })
      writeFileSync(versionPath, formatVersion)
    })
  } else if (version !== formatVersion) {
    throw new ToolError(
      'not-supported',
      `the store at ${root} has format "${version.trim()}", this version reads "${formatVersion.trim()}"`,
      {
        hint: 'use another directory with --root DIR, or remove the old one',
      },
    )
  }
  const blobs = openBlobs(root)
  const layers = openLayers(root)
  const cachePath = (name: string): string => join(root, 'cache', name)
  return {
    root,
    blobs,
    layers,
    images: openImages(root, blobs, layers),
    records: openRecords(root),
    traces: openTraces(root),
    uses: openUses(root),
    cachePath,
    readCache: (name) => readIfExists(cachePath(name)),
    writeCache: (name, bytes) => writeAtomic(root, cachePath(name), bytes),
  }
}
