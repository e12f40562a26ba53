import { closeSync, constants, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoCode, errorMessage } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'
import { builtInControllers, type CgroupFacts, type Controller, controllers } from './cgroup.ts'

/** A container's group in one hierarchy. Held open, so that it is reached when a mount covers it. */
export interface GroupDirectory {
  readonly version: 'v1' | 'v2'
  readonly controllers: readonly Controller[]
  /** Descriptor of the directory, in this process. */
  readonly fd: number
  /** Undefined when there is no such file. */
  read(file: string): string | undefined
  /** Throws as `writeFileSync` does. */
  write(file: string, value: string): void
  /** False when processes are still in it. */
  remove(): boolean
  close(): void
}

/** The groups of a container, and why it has none of some controllers. */
export interface OpenDirectories {
  readonly directories: readonly GroupDirectory[]
  readonly refusals: ReadonlyMap<Controller, string>
}

/**
 * Makes, or finds, the groups named `name` in every hierarchy that has a controller. A hierarchy in which none can be
 * made (a container that runs us may show them and forbid it) is a refusal, no error.
 */
export function openDirectories(facts: CgroupFacts, name: string, way: 'make' | 'find'): OpenDirectories {
  const refusals = new Map<Controller, string>()
  const directories: GroupDirectory[] = []
  for (const { parent, version, own } of hierarchiesOf(facts, refusals)) {
    try {
      if (way === 'make') prepare(parent, version, own)
      directories.push(openDirectory(join(parent, name), version, own, way))
    } catch (error) {
      for (const controller of own) refusals.set(controller, `no control group can be made: ${errorMessage(error)}`)
    }
  }
  return { directories, refusals }
}

interface ControllerHierarchy {
  readonly parent: string
  readonly version: 'v1' | 'v2'
  readonly own: Controller[]
}

function hierarchiesOf(facts: CgroupFacts, refusals: Map<Controller, string>): readonly ControllerHierarchy[] {
  const found = new Map<string, ControllerHierarchy>()
  for (const controller of controllers) {
    const place = facts.controllers[controller]
    if (place.kind === 'missing') {
      refusals.set(controller, place.reason)
      continue
    }
    const one = found.get(place.parent) ?? { parent: place.parent, version: place.version, own: [] }
    one.own.push(controller)
    found.set(place.parent, one)
  }
  return [...found.values()]
}

/** Our directory, in which every container has its own; its controllers must be passed on. */
function prepare(parent: string, version: 'v1' | 'v2', own: readonly Controller[]): void {
  mkdirSync(parent, { recursive: true })
  if (version === 'v2') {
    const passedOn = own.filter((name) => !builtInControllers.includes(name)).map((name) => `+${name}`)
    for (const path of passedOn.length === 0 ? [] : [dirname(parent), parent]) {
      writeFileSync(join(path, 'cgroup.subtree_control'), passedOn.join(' '))
    }
  } else if (own.includes('cpuset')) inheritSet(parent)
}

/** A new v1 cpuset has no processors at all, and takes no process then. */
function inheritSet(path: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readFileSync(join(path, file), 'latin1').trim() !== '') continue
    writeFileSync(join(path, file), readFileSync(join(dirname(path), file), 'latin1').trim())
  }
}

function openDirectory(
  path: string,
  version: 'v1' | 'v2',
  own: readonly Controller[],
  way: 'make' | 'find',
): GroupDirectory {
  if (way === 'make') mkdirSync(path, { recursive: true })
  if (way === 'make' && version === 'v1' && own.includes('cpuset')) inheritSet(path)
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  // As long as its maker lives, nobody sweeps it away.
  if (way === 'make') tryLock(fd, 'shared')
  const parentFd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  const here = (file: string): string => `/proc/self/fd/${fd}/${file}`
  return {
    ...{ version, controllers: own, fd },
    read(file) {
      try {
        return readFileSync(here(file), 'latin1')
      } catch (error) {
        // A removed group gives ENODEV, a kernel without a feature has no file of it.
        if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(errnoCode(error) ?? '')) return undefined
        throw error
      }
    },
    write: (file, value) => writeFileSync(here(file), value),
    remove() {
      try {
        rmdirSync(`/proc/self/fd/${parentFd}/${basename(path)}`)
        return true
      } catch (error) {
        if (errnoCode(error) === 'ENOENT') return true
        if (errnoCode(error) === 'EBUSY') return false
        throw error
      }
    },
    close() {
      closeSync(fd)
      closeSync(parentFd)
    },
  }
}
