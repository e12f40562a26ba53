import { readlinkSync, unlinkSync } from 'node:fs'
import type { OverlayXattrs } from '../ports/index.ts'
import { mknod, S_IFCHR } from '../sys/index.ts'
import { invalidArchive, translateError } from './archive-error.ts'
import { cleanComponents, osPath, quoteName } from './byte-name.ts'
import { isWhiteout, lstatIfAny } from './rooted-tree.ts'
import type { TarHeader } from './tar-header.ts'
import type { TarVisitor } from './tar-reader.ts'
import { TreeWriter, type WriteReport } from './tree-writer.ts'
import type { UnpackMeter } from './unpack-limits.ts'

const whiteoutPrefix = '.wh.'
const metaPrefix = '.wh..wh.'
const opaqueName = '.wh..wh..opq'

/**
 * Receives a layer's entries and makes them in overlay form. A whiteout speaks of the layers below only: what this
 * layer itself brings under that name stays, whichever comes first, and a directory among it becomes opaque. AUFS's
 * own files (`.wh..wh.plnk` …) are skipped.
 */
export class LayerSink implements TarVisitor {
  readonly #writer: TreeWriter
  readonly #overlay: OverlayXattrs
  readonly #meter: UnpackMeter
  /** Absolute paths, as the kernel tells them, of opaque directories and of whiteouts. */
  readonly #opaque = new Set<string>()
  readonly #whiteouts: string[] = []
  #name = ''
  opaqueRoot = false

  constructor(directory: string, overlay: OverlayXattrs, meter: UnpackMeter) {
    this.#writer = new TreeWriter(directory, { base: [], overlay })
    this.#overlay = overlay
    this.#meter = meter
  }

  get report(): WriteReport {
    return this.#writer.report
  }

  entry(header: TarHeader): void {
    this.#name = header.name
    this.#meter.addEntry(header)
    this.#try(() => this.#place(header))
  }

  data(chunk: Uint8Array, offset: number): void {
    this.#try(() => this.#writer.write(chunk, offset))
  }

  endEntry(): void {
    this.#try(() => this.#writer.endFile())
  }

  finish(): void {
    this.#name = '/'
    this.#try(() => {
      this.#dropHiddenWhiteouts()
      this.#writer.finish()
    })
  }

  close(): void {
    this.#writer.close()
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw translateError(error, `cannot unpack ${quoteName(this.#name)}`)
    }
  }

  #place(header: TarHeader): void {
    const components = cleanComponents(header.name)
    const name = components.at(-1)
    if (name === undefined) {
      if (header.type !== 'directory') throw invalidArchive(`the top of the layer is a ${header.type}, not a directory`)
      this.#writer.addTop(header)
      return
    }
    if (components.some((component) => component.startsWith(metaPrefix) && component !== opaqueName)) return
    if (components.slice(0, -1).some((component) => component.startsWith(whiteoutPrefix))) {
      throw invalidArchive(`${quoteName(header.name)} goes through a whiteout`)
    }
    if (name === opaqueName) this.#makeOpaque(components.slice(0, -1))
    else if (name.startsWith(whiteoutPrefix))
      this.#addWhiteout(components.slice(0, -1), name.slice(whiteoutPrefix.length))
    else if (header.type === 'char' && header.major === 0 && header.minor === 0)
      this.#addWhiteout(components.slice(0, -1), name)
    else this.#writer.add(components, header)
  }

  #makeOpaque(components: readonly string[]): void {
    const fd = this.#writer.ensureDirectory(components)
    this.#writer.markOpaque(this.#writer.tree.at(fd, '.'), this.#overlay)
    this.#opaque.add(directoryOf(fd))
    if (components.length === 0) this.opaqueRoot = true
  }

  #addWhiteout(parents: readonly string[], name: string): void {
    if (name === '' || name === '.' || name === '..')
      throw invalidArchive(`the whiteout ${quoteName(this.#name)} names nothing`)
    if (this.#isBelowWhiteout(parents)) return
    const fd = this.#writer.ensureDirectory(parents)
    const at = this.#writer.tree.at(fd, name)
    const existing = lstatIfAny(at)
    if (existing?.isDirectory()) {
      this.#writer.markOpaque(at, this.#overlay)
      this.#opaque.add(`${directoryOf(fd)}/${name}`)
    } else if (!existing) {
      mknod(at, S_IFCHR, 0n)
      this.#whiteouts.push(`${directoryOf(fd)}/${name}`)
    }
  }

  /** True when one of `parents` is itself a whiteout: all below it is gone already. */
  #isBelowWhiteout(parents: readonly string[]): boolean {
    const { tree } = this.#writer
    if (tree.parent(parents) !== undefined) return false
    for (const [index, name] of parents.entries()) {
      const fd = tree.parent(parents.slice(0, index))
      if (fd === undefined) return false
      const stats = lstatIfAny(tree.at(fd, name))
      if (stats && isWhiteout(stats)) return true
    }
    return false
  }

  /** In an opaque directory overlay does not look for whiteouts, so `ls` would show them: they go, being needless there. */
  #dropHiddenWhiteouts(): void {
    if (this.#opaque.size === 0) return
    for (const path of this.#whiteouts) {
      if (!this.#isInOpaque(path)) continue
      const at = osPath(path)
      const stats = lstatIfAny(at)
      if (stats && isWhiteout(stats)) unlinkSync(at)
    }
  }

  #isInOpaque(path: string): boolean {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if (this.#opaque.has(path.slice(0, slash))) return true
    }
    return false
  }
}

/** Where an open directory is, with no symlink in it. */
function directoryOf(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`, 'latin1')
}
