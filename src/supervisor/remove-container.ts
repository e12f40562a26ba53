import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerSpec, ContainerStore } from '../container/index.ts'

/** Removes a container that has ended, with its name, its layer, its log and its anonymous volumes, as `--rm` wants. */
export function removeContainer(root: string, store: ContainerStore, spec: ContainerSpec): void {
  const name = store.names.all().get(spec.id)
  const retired = store.retire(spec.id)
  if (name !== undefined) store.names.release(name, spec.id)
  for (const mount of spec.mounts) {
    if (mount.kind === 'volume' && mount.anonymous) {
      rmSync(join(root, 'volumes', mount.name), { recursive: true, force: true })
    }
  }
  if (retired !== undefined) store.dispose(retired)
}
