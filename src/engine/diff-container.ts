import { closeSync, lstatSync } from 'node:fs'
import { baseName, parentPath } from '../base/index.ts'
import { isActive } from '../container/index.ts'
import { LayerWalk, type LayerWalkOptions } from '../layer/layer-walk.ts'
import { openView } from '../snapshot/index.ts'
import { Rooted } from '../snapshot/rooted.ts'
import { openSession } from '../store/session.ts'
import type { ContainerRoom } from './container-room.ts'
import { overlayXattrs } from './host.ts'
import { stubPaths } from './mount-stubs.ts'
import { enterNamespace } from './namespace.ts'

/** A path of a container that differs from its image: added, changed or deleted. */
export interface PathChange {
  readonly kind: 'A' | 'C' | 'D'
  readonly path: string
}

/** What a container has written over its image, in order of the paths. As a user this starts the command anew. */
export async function diffContainer(room: ContainerRoom, id: string): Promise<readonly PathChange[]> {
  const { host, store, containers } = room
  const spec = containers.spec(id)
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  try {
    const overlay = overlayXattrs(host)
    const settings = { layersDirectory: store.layers.directory, overlay, workingDirectory: host.cwd }
    const lowers = spec.layers.map((diffId) => store.layers.treeName(diffId))
    const view = openView(settings, lowers, session.makeDirectory('image'))
    try {
      const isLive = isActive(containers.state(id))
      const stubs = isLive ? stubPaths(spec) : new Set<string>()
      return changes(containers.path(id, 'layer', 'fs'), view.root, { overlay, isLive }).filter(
        ({ kind, path }) => kind !== 'A' || !stubs.has(path),
      )
    } finally {
      view.unmount()
    }
  } finally {
    await session.close()
  }
}

function changes(upper: string, image: string, options: LayerWalkOptions): PathChange[] {
  const found: PathChange[] = []
  const rooted = new Rooted(image)
  const isInImage = (path: string): boolean => {
    try {
      return lstatSync(rooted.at(parentPath(path), baseName(path)), { throwIfNoEntry: false }) !== undefined
    } catch {
      // A directory above it is not there either.
      return false
    }
  }
  try {
    const walk = new LayerWalk(upper, options)
    for (let entry = walk.next(); entry !== undefined; entry = walk.next()) {
      if (entry.fd !== undefined) closeSync(entry.fd)
      const path = Buffer.from(entry.path, 'latin1').toString('utf8')
      if (entry.type === 'whiteout') found.push({ kind: 'D', path: `/${path}` })
      else found.push({ kind: isInImage(path) ? 'C' : 'A', path: `/${path}` })
    }
    return found
  } finally {
    rooted.close()
  }
}
