import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ContentDigest,
  type DiffId,
  digestHex,
  errnoCode,
  isDigest,
  parseDiffId,
  storeAction,
} from '../base/index.ts'
import type { Descriptor } from '../oci/types.ts'
import type { Layer, LayerDigests, LayerStore } from '../ports/index.ts'
import { decodeForms, decodeLayer } from './decode.ts'
import { readIfExists, readJson, writeAtomic } from './files.ts'
import { openPending } from './pending.ts'

/** Length of a layer directory's name: short, since an overlay mount names all its layers in one page. 96 bits of the diffId. */
const nameLength = 24

/** What a finished layer brings into the store. */
export interface NewLayer extends LayerDigests {
  /** Directory in the store's `work` that holds the tree as `fs`, or nothing if it is `packed`; it is moved, not copied. */
  readonly directory: string
  readonly created: string
  readonly blob?: Descriptor
  readonly packed?: true
}

/** A blob that was made of a layer. */
export interface LayerForm {
  readonly layer: Layer
  readonly method: string
  readonly blob: Descriptor
  readonly usedMs: number
}

/** The layers of a store. A layer is there when its directory is: it is renamed into place whole. */
export interface Layers extends LayerStore {
  /** Directory that holds all layers; `name` of each is relative to it. */
  readonly directory: string
  /** Name of a layer's directory. */
  name(diffId: DiffId): string
  /** Whether the layer's directory is there at this moment, whatever was seen before. */
  isPresent(diffId: DiffId): boolean
  /** Name of a layer's tree relative to `directory`: `<24 hex>/fs`. */
  treeName(diffId: DiffId): string
  /** Absolute path of a layer's tree. */
  treePath(diffId: DiffId): string
  /**
   * Moves a finished layer in and returns it; when another process was first with the same diffId, that one is
   * returned and ours removed.
   */
  adopt(layer: NewLayer): Layer
  /** Whether a layer has no tree, only its blob. */
  isPacked(diffId: DiffId): boolean
  /** Moves the tree of a packed layer in, as `fs` in `directory`; no-op when another process was first or the layer was removed. */
  adoptTree(diffId: DiffId, directory: string): void
  /** Drops what leads to a layer whose directory was removed. */
  forget(layer: Layer): void
  /** The blobs that were made of a layer, by how they were made; they may be gone. */
  forms(diffId: DiffId): Readonly<Record<string, Descriptor>>
  /** Remembers a blob made of a layer. */
  rememberForm(diffId: DiffId, method: string, blob: Descriptor): void
  forgetForm(diffId: DiffId, method: string): void
  /** Every blob that was made of a layer and is nothing else besides, with when it was last written or read, to a day. */
  allForms(): readonly LayerForm[]
}

/** Opens the layers below `root`. Reads nothing. */
export function openLayers(root: string): Layers {
  const directory = join(root, 'layers')
  const known = new Map<DiffId, Layer>()
  const pending = openPending(root)
  const name = (diffId: DiffId): string => digestHex(diffId).slice(0, nameLength)
  const contentPath = (digest: ContentDigest): string =>
    join(root, 'content', digestHex(digest).slice(0, 2), digestHex(digest).slice(2))

  const layer = (diffId: DiffId): Layer | undefined => {
    const cached = known.get(diffId)
    if (cached !== undefined) return cached
    const found = readJson(join(directory, name(diffId), 'layer.json'), decodeLayer)
    if (found?.diffId !== diffId || pending.lost(name(diffId))) return undefined
    known.set(diffId, found)
    return found
  }
  const layerByContent = (contentDigest: ContentDigest): Layer | undefined => {
    const text = readIfExists(contentPath(contentDigest))?.toString('utf8')
    if (text === undefined || !isDigest(text)) return undefined
    const found = layer(parseDiffId(text))
    return found?.contentDigest === contentDigest ? found : undefined
  }

  const isPacked = (diffId: DiffId): boolean =>
    layer(diffId)?.packed === true && !existsSync(join(directory, name(diffId), 'fs'))

  const adoptTree = (diffId: DiffId, made: string): void => {
    if (!isPacked(diffId) || !existsSync(join(made, 'fs'))) return
    pending.note(name(diffId))
    try {
      renameSync(join(made, 'fs'), join(directory, name(diffId), 'fs'))
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoCode(error) ?? '')) throw error
    }
  }

  /** Moves the directory in, unless a whole layer is in its place; a damaged one makes way. */
  const moveIn = (made: string, record: Layer): Layer => {
    const place = join(directory, name(record.diffId))
    for (;;) {
      // Not as it was seen before: another process may have removed it since.
      known.delete(record.diffId)
      const first = layer(record.diffId)
      if (first !== undefined) {
        adoptTree(record.diffId, made)
        rmSync(made, { recursive: true, force: true })
        return first
      }
      if (existsSync(place)) renameSync(place, join(root, 'work', `.gone-${randomBytes(5).toString('hex')}`))
      pending.note(name(record.diffId))
      try {
        renameSync(made, place)
        known.set(record.diffId, record)
        return record
      } catch (error) {
        const code = errnoCode(error)
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
      }
    }
  }

  return {
    directory,
    name,
    isPresent: (diffId) => existsSync(join(directory, name(diffId), 'layer.json')),
    treeName: (diffId) => `${name(diffId)}/fs`,
    treePath: (diffId) => join(directory, name(diffId), 'fs'),
    layer,
    layerByContent,
    isPacked,
    adoptTree: (diffId, made) => storeAction('store a layer', () => adoptTree(diffId, made)),
    adopt({ directory: made, ...fields }) {
      return storeAction('store a layer', () => {
        const record: Layer = fields
        writeFileSync(join(made, 'layer.json'), JSON.stringify(record))
        const stored = moveIn(made, record)
        if (layerByContent(stored.contentDigest) === undefined)
          writeAtomic(root, contentPath(stored.contentDigest), stored.diffId)
        return stored
      })
    },
    forget({ diffId, contentDigest }) {
      known.delete(diffId)
      const path = contentPath(contentDigest)
      if (readIfExists(path)?.toString('utf8') === diffId) rmSync(path, { force: true })
    },
    forms: (diffId) => readForms(join(directory, name(diffId))),
    rememberForm(diffId, method, blob) {
      const place = join(directory, name(diffId))
      const forms = { ...readForms(place), [method]: blob }
      // Not if the layer was removed meanwhile: its directory must not come back without its tree.
      if (existsSync(place)) writeAtomic(root, join(place, formsFile), JSON.stringify(forms))
    },
    forgetForm(diffId, method) {
      const place = join(directory, name(diffId))
      const forms = Object.entries(readForms(place)).filter(([one]) => one !== method)
      if (existsSync(place)) writeAtomic(root, join(place, formsFile), JSON.stringify(Object.fromEntries(forms)))
    },
    allForms() {
      const all = readdirSync(directory).flatMap((one) => {
        const found = readJson(join(directory, one, 'layer.json'), decodeLayer)
        return found === undefined ? [] : [{ layer: found, forms: readForms(join(directory, one)) }]
      })
      const pulled = new Set(all.map(({ layer: { blob } }) => blob?.digest))
      return all.flatMap(({ layer: found, forms }) =>
        Object.entries(forms).flatMap(([method, blob]) => {
          const stat = statSync(join(root, 'blobs/sha256', digestHex(blob.digest)), { throwIfNoEntry: false })
          if (stat === undefined || pulled.has(blob.digest)) return []
          return [{ layer: found, method, blob, usedMs: Math.max(stat.atimeMs, stat.mtimeMs) }]
        }),
      )
    },
  }
}

const formsFile = 'forms.json'

/** The blobs made of the layer in `layerDirectory`. */
export function readForms(layerDirectory: string): Readonly<Record<string, Descriptor>> {
  return readJson(join(layerDirectory, formsFile), decodeForms) ?? {}
}
