import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DiffId } from '../base/index.ts'
import type { Layer, SandboxMount } from '../ports/index.ts'
import { leaseCacheMount } from '../store/cache-mounts.ts'
import { type FailedStep, failedStepDirectory, type KeptMount } from '../store/failed-steps.ts'
import type { Store } from '../store/index.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { FileMounter } from './mounted-files.ts'
import type { Workshop } from './workshop.ts'

/** The mounts of a failed step, made again. */
export class DebugMounts {
  readonly ready: SandboxMount[] = []
  readonly #store: Store
  readonly #step: FailedStep
  readonly #files: FileMounter
  readonly #signal: AbortSignal
  readonly #releases: (() => void)[] = []

  constructor(store: Store, { session, snapshots }: Workshop, step: FailedStep, signal: AbortSignal) {
    this.#store = store
    this.#step = step
    this.#files = new FileMounter({ store, session, snapshots, contextDirectory: '/' })
    this.#signal = signal
  }

  /** Makes all of them; `directory` is of this run alone. */
  async open(directory: string): Promise<void> {
    const { script } = this.#step.process
    if (script !== undefined) this.#script(join(directory, 'pipes'), script.name, script.content)
    for (const mount of this.#step.mounts) await this.#add(mount)
  }

  close(): void {
    for (const release of this.#releases.splice(0).reverse()) release()
  }

  #script(directory: string, name: string, content: string): void {
    mkdirSync(directory)
    chmodSync(directory, 0o755)
    writeFileSync(join(directory, name), content)
    chmodSync(join(directory, name), 0o755)
    this.ready.push({ kind: 'bind', source: directory, target: '/dev/pipes', readonly: true })
  }

  async #add(mount: KeptMount): Promise<void> {
    const { target } = mount
    if (mount.kind === 'tmpfs') {
      this.ready.push(mount)
      return
    }
    const { readonly } = mount
    if (mount.kind === 'cache') {
      const holder = { fill: () => Promise.resolve(), onWait: () => undefined }
      const lease = await leaseCacheMount(this.#store.root, mount, holder, this.#signal)
      this.#releases.push(() => lease.release())
      this.ready.push({ kind: 'bind', source: lease.directory, target, readonly })
      return
    }
    const opened =
      mount.kind === 'files'
        ? this.#files.openKept(join(failedStepDirectory(this.#store.root, this.#step.id), mount.source), !readonly)
        : await this.#files.openLayers(storedLayers(this.#store, mount.layers), mount.source, !readonly)
    this.#releases.push(() => opened.release())
    this.ready.push({ kind: 'bind', source: opened.path, target, readonly })
  }
}

/** The layers of a failed step. Throws `ToolError` `store-failed` when one is gone. */
export function storedLayers(store: Store, diffIds: readonly DiffId[]): readonly Layer[] {
  return diffIds.map((diffId) => {
    const layer = store.layers.layer(diffId)
    if (layer === undefined) throw removedMeanwhile(`the layer ${diffId}`)
    return layer
  })
}
