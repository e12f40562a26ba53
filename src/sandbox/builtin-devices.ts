import { chmodSync, closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import * as sys from '../sys/index.ts'
import { mountInRoot } from './container-mounts.ts'
import type { Container } from './engine.ts'
import { initPath } from './init-program.ts'

/** Devices every container has: name, major, minor. */
const devices: readonly (readonly [name: string, major: number, minor: number])[] = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
]

const links: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['core', '/proc/kcore'],
  ['ptmx', 'pts/ptmx'],
]

/** Name of the exec stub below /dev. */
export const stubName = '.exec'

/**
 * Mounts the container's /dev: a tmpfs with the usual devices and links, its own pseudo terminals and shared memory,
 * an empty mqueue directory, and the exec stub. In a user namespace, where nobody may make devices, the host's are bound.
 */
export function mountDevices(container: Container, stub: Uint8Array, init: Uint8Array | undefined): void {
  const { root } = container
  const target = root.makeLasting('/dev')
  sys.mount('tmpfs', `/proc/self/fd/${target.fd}`, 'tmpfs', sys.MS_NOSUID, 'mode=755,size=65536k')
  const dev = `${root.hostPath}/dev`
  for (const [name, major, minor] of devices) makeDevice(`${dev}/${name}`, name, major, minor)
  for (const [name, text] of links) symlinkSync(text, `${dev}/${name}`)
  for (const name of ['pts', 'shm', 'mqueue']) mkdirSync(`${dev}/${name}`)
  mountTerminals(`${dev}/pts`, container.request.terminal ? `,uid=${container.user.uid}` : '')
  if (container.request.terminal) writeFileSync(`${dev}/console`, '')
  const flags = sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC
  const { shmSizeBytes = 64 * 2 ** 20, ipcNamespace } = container.request
  if (ipcNamespace === undefined) {
    sys.mount('shm', `${dev}/shm`, 'tmpfs', flags, `mode=1777,size=${shmSizeBytes}`)
  } else sys.mount(ipcNamespace.shm, `${dev}/shm`, '', sys.MS_BIND | sys.MS_REC)
  writeFileSync(`${dev}/${stubName}`, stub)
  chmodSync(`${dev}/${stubName}`, 0o555)
  if (init !== undefined) {
    writeFileSync(container.root.hostPath + initPath, init)
    chmodSync(container.root.hostPath + initPath, 0o555)
  }
  for (const mount of container.deviceMounts) mountInRoot(root, mount)
}

function makeDevice(path: string, name: string, major: number, minor: number): void {
  try {
    sys.mknod(path, sys.S_IFCHR | 0o666, sys.makeDevice(major, minor))
    chmodSync(path, 0o666)
  } catch (error) {
    if (errnoCode(error) !== 'EPERM') throw error
    closeSync(openSync(path, 'wx', 0o666))
    sys.mount(`/dev/${name}`, path, '', sys.MS_BIND)
  }
}

/**
 * A devpts instance of its own. Group 5 is `tty` by convention; where it is not mapped, the mount without it is right.
 * `owner` gives the terminal of the run to its user, though root opens it.
 */
function mountTerminals(path: string, owner: string): void {
  const flags = sys.MS_NOSUID | sys.MS_NOEXEC
  try {
    sys.mount('devpts', path, 'devpts', flags, `newinstance,ptmxmode=0666,mode=0620,gid=5${owner}`)
  } catch (error) {
    if (errnoCode(error) !== 'EINVAL') throw error
    sys.mount('devpts', path, 'devpts', flags, `newinstance,ptmxmode=0666,mode=0620${owner}`)
  }
}
