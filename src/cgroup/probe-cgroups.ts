import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import { builtInControllers, type CgroupFacts, type Controller, type ControllerPlace, controllers } from './cgroup.ts'

/** A mounted hierarchy. */
interface Hierarchy {
  readonly version: 'v1' | 'v2'
  readonly mountPoint: string
  /** Controllers of a v1 hierarchy. */
  readonly names: readonly string[]
}

/** The text of files of /proc that say where control groups are. */
export interface CgroupFiles {
  /** /proc/self/mountinfo */
  readonly mounts: string
  /** /proc/self/cgroup */
  readonly own: string
}

/**
 * Looks what control groups this machine gives to this user: as root those at the top of each hierarchy, as a user
 * those that were delegated. In a mount namespace where they are covered, there are none: look before that.
 */
export function probeCgroups(isRoot: boolean, files: CgroupFiles = readFiles()): CgroupFacts {
  const hierarchies = parseHierarchies(files.mounts)
  const places = controllers.map((name) => [name, findPlace(name, hierarchies, files.own, isRoot)] as const)
  return { layout: layoutOf(hierarchies), controllers: recordOf(places) }
}

function readFiles(): CgroupFiles {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    own: readFileSync('/proc/self/cgroup', 'utf8'),
  }
}

function recordOf(places: readonly (readonly [Controller, ControllerPlace])[]): CgroupFacts['controllers'] {
  const none: ControllerPlace = { kind: 'missing', reason: 'this machine has no control groups' }
  const found = new Map(places)
  const place = (name: Controller): ControllerPlace => found.get(name) ?? none
  return {
    memory: place('memory'),
    cpu: place('cpu'),
    cpuacct: place('cpuacct'),
    cpuset: place('cpuset'),
    pids: place('pids'),
    io: place('io'),
    freezer: place('freezer'),
    devices: place('devices'),
  }
}

function layoutOf(hierarchies: readonly Hierarchy[]): CgroupFacts['layout'] {
  const has = (version: Hierarchy['version']): boolean => hierarchies.some((one) => one.version === version)
  if (has('v1')) return has('v2') ? 'hybrid' : 'v1'
  return has('v2') ? 'v2' : 'none'
}

/** Hierarchies in mountinfo (proc(5)); of two mounts on one place the newer counts. */
export function parseHierarchies(mountinfo: string): readonly Hierarchy[] {
  const found = new Map<string, Hierarchy>()
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , options = ''] = after.split(' ')
    const mountPoint = before.split(' ')[4] ?? ''
    if (type === 'cgroup2') found.set(mountPoint, { version: 'v2', mountPoint, names: [] })
    else if (type === 'cgroup') found.set(mountPoint, { version: 'v1', mountPoint, names: options.split(',') })
    else found.delete(mountPoint)
  }
  return [...found.values()]
}

/** v1 calls the controller of disks blkio. */
function findPlace(name: Controller, hierarchies: readonly Hierarchy[], own: string, isRoot: boolean): ControllerPlace {
  const oldName = name === 'io' ? 'blkio' : name
  const old = hierarchies.find(({ names }) => names.includes(oldName))
  if (old !== undefined) return oldPlace(name, old, ownPath(own, oldName), isRoot)
  const unified = hierarchies.find(({ version }) => version === 'v2')
  if (unified === undefined) return { kind: 'missing', reason: `this machine has no controller "${name}"` }
  return unifiedPlace(name, unified.mountPoint, ownPath(own, ''), isRoot)
}

/** The path of our own group in the hierarchy of a v1 controller, or in that of v2 for the empty name. */
function ownPath(own: string, controller: string): string {
  for (const line of own.split('\n')) {
    const [, names = '', path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (path !== undefined && (controller === '' ? names === '' : names.split(',').includes(controller))) return path
  }
  return '/'
}

function oldPlace(name: Controller, { mountPoint }: Hierarchy, own: string, isRoot: boolean): ControllerPlace {
  const base = isRoot ? mountPoint : join(mountPoint, own)
  if (isWritable(base)) return { kind: 'there', version: 'v1', parent: join(base, 'longshore') }
  return {
    kind: 'missing',
    reason: `the controller "${name}" is not delegated to this user (control groups version 1)`,
  }
}

/**
 * As root, below the top. As a user, in the highest directory above our own group that we may write: that is where
 * systemd delegates to.
 */
function unifiedPlace(name: Controller, mountPoint: string, own: string, isRoot: boolean): ControllerPlace {
  const base = isRoot ? mountPoint : delegatedAbove(mountPoint, own)
  if (base === undefined || !isWritable(base)) {
    return { kind: 'missing', reason: `the controller "${name}" is not delegated to this user` }
  }
  if (!builtInControllers.includes(name) && !readWords(join(base, 'cgroup.controllers')).includes(name)) {
    const reason = isRoot
      ? `this machine has no controller "${name}"`
      : `the controller "${name}" is not delegated to this user`
    return { kind: 'missing', reason }
  }
  return { kind: 'there', version: 'v2', parent: join(base, 'longshore') }
}

function delegatedAbove(mountPoint: string, own: string): string | undefined {
  const parts = own.split('/').filter((part) => part !== '')
  const above = parts.map((_, index) => join(mountPoint, ...parts.slice(0, index + 1)))
  return above.find((path) => isWritable(path) && isWritable(join(path, 'cgroup.subtree_control')))
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    // Not there, read-only or another's.
    return false
  }
}

function readWords(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').trim().split(/\s+/)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}
