import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHex, isDigest, parseDigest } from '../base/index.ts'
import { digestLayer } from '../layer/index.ts'
import { hostPlatform, type Platform } from '../oci/index.ts'
import type { Layer, OverlayXattrs } from '../ports/index.ts'
import { readLayer } from '../store/check.ts'
import { namedImages, openStore, type Store } from '../store/index.ts'
import { openSession, type Session } from '../store/session.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { enterNamespace } from './namespace.ts'
import { referencesOf, withoutImage } from './require-image.ts'

export interface CheckStoreRequest {
  /** Remove what is damaged. */
  readonly repair: boolean
  /** Only look whether all is there; read no layers and no large blobs. */
  readonly quick: boolean
  readonly root?: string
}

/** Something in the store that is not as it should be. */
export interface StoreFinding {
  readonly kind: 'blob' | 'layer' | 'image' | 'name'
  /** Digest, directory or name of it. */
  readonly subject: string
  readonly message: string
  readonly repaired: boolean
}

export interface CheckedStore {
  readonly findings: readonly StoreFinding[]
  readonly checked: { readonly images: number; readonly layers: number; readonly blobs: number }
}

interface Check {
  readonly store: Store
  readonly session: Session
  readonly overlay: OverlayXattrs
  readonly request: CheckStoreRequest
  readonly findings: StoreFinding[]
  readonly host: Platform
}

/** Blobs up to this size are read in a quick check too: they are documents. */
const smallBytes = 4 * 1024 * 1024

/**
 * Compares what the store holds with its digests: blobs, then layers (files and all), then images and names. With `repair`,
 * what is damaged goes, since all of it can be made or fetched again; an image goes when it has lost a layer or its config.
 * As a user this starts the command anew in a namespace.
 */
export async function checkStore(request: CheckStoreRequest, host: Host): Promise<CheckedStore> {
  const store = openStore(storeRoot(host, request.root))
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  const check: Check = {
    store,
    session,
    overlay: overlayXattrs(host),
    request,
    findings: [],
    host: hostPlatform(host.arch),
  }
  try {
    const blobs = await checkBlobs(check)
    const layers = checkLayers(check)
    const images = checkImages(check)
    return { findings: check.findings, checked: { images, layers, blobs } }
  } finally {
    await session.close()
  }
}

function found({ request, findings }: Check, finding: Omit<StoreFinding, 'repaired'>, repair: () => void): void {
  if (request.repair) repair()
  findings.push({ ...finding, repaired: request.repair })
}

async function checkBlobs(check: Check): Promise<number> {
  const { store, request } = check
  const names = readdirSync(join(store.root, 'blobs/sha256'))
  for (const name of names) {
    const text = `sha256:${name}`
    if (!isDigest(text)) continue
    const digest = parseDigest(text)
    const path = store.blobs.path(digest)
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size === undefined || (request.quick && size > smallBytes)) continue
    const actual = await hashFile(path)
    if (actual === digest) continue
    const message = `blob ${digest} has other bytes: they digest to ${actual}`
    found(check, { kind: 'blob', subject: digest, message }, () => rmSync(path, { force: true }))
  }
  return names.length
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}

function checkLayers(check: Check): number {
  const { store, session } = check
  const { directory } = store.layers
  const names = readdirSync(directory)
  for (const name of names) {
    const place = join(directory, name)
    const layer = readLayer(place)
    const problem = layer === undefined ? 'it has no record' : layerProblem(check, layer, join(place, 'fs'))
    if (problem === undefined) continue
    found(check, { kind: 'layer', subject: name, message: `layer ${name} is damaged: ${problem}` }, () => {
      renameSync(place, join(session.makeDirectory('damaged'), name))
      if (layer !== undefined) store.layers.forget(layer)
    })
  }
  return names.length
}

function layerProblem({ store, overlay, request }: Check, layer: Layer, tree: string): string | undefined {
  const isUnpacked = statSync(tree, { throwIfNoEntry: false })?.isDirectory() === true
  if (!isUnpacked && layer.packed !== true) return 'its files are gone'
  if (layer.blob !== undefined && !store.blobs.has(layer.blob.digest)) return `its blob ${layer.blob.digest} is gone`
  if (!isUnpacked) return undefined
  if (request.quick) return undefined
  const { contentDigest } = digestLayer(tree, { overlay })
  return contentDigest === layer.contentDigest ? undefined : 'its files are not what they were'
}

function checkImages(check: Check): number {
  const { store } = check
  const ids = store.images.imageIds()
  const gone = new Set<Digest>()
  for (const id of ids) {
    const problem = imageProblem(store, id)
    if (problem === undefined) continue
    gone.add(id)
    const short = digestHex(id).slice(0, 12)
    found(check, { kind: 'image', subject: id, message: `image ${short} cannot be used: ${problem}` }, () => {
      for (const reference of referencesOf(store, { id })) withoutImage(store, reference, id, check.host)
      store.images.remove(id)
    })
  }
  const there = new Set(ids)
  for (const reference of store.images.references()) {
    const { name } = reference
    const missing = namedImages(reference).find((id) => !there.has(id))
    if (missing === undefined) continue
    const message = `the name ${name} leads to ${missing}, which is not there`
    found(check, { kind: 'name', subject: name, message }, () => withoutImage(store, reference, missing, check.host))
  }
  return ids.length
}

function imageProblem(store: Store, id: Digest): string | undefined {
  const config = store.images.config(id)
  if (config === undefined) return 'its config is gone'
  const missing = config.diffIds.find(
    (diffId) => !store.layers.isPresent(diffId) || store.layers.layer(diffId) === undefined,
  )
  return missing === undefined ? undefined : `its layer ${missing} is gone`
}
