import { errnoCode, errorMessage } from '../base/index.ts'
import { type DeviceRule, filterDevices } from '../sys/index.ts'
import type { GroupDirectory } from './group-directory.ts'

const common = { kind: 'char', read: true, write: true } as const

/**
 * What every container may use, as docker has it: null, zero, full, random, urandom, tty, console, ptmx, pseudo terminals. And the tunnel
 * device, which runc before 1.2 gives to all containers, and without which it fails; it is of use with CAP_NET_ADMIN alone.
 */
const usualDevices: readonly DeviceRule[] = [
  ...[3, 5, 7, 8, 9].map((minor) => ({ ...common, major: 1, minor })),
  ...[0, 1, 2].map((minor) => ({ ...common, major: 5, minor })),
  { ...common, major: 10, minor: 200 },
  ...[136, 137, 138, 139, 140, 141, 142, 143].map((major) => ({ ...common, major })),
]

/**
 * Lets the processes of a group open no devices but the usual ones and `granted`; root could make, or bring along in an image, a node of
 * any disk. Nodes may be made. Returns why that cannot be had here, in words for the user.
 */
export function restrictDevices(directory: GroupDirectory, granted: readonly DeviceRule[]): string | undefined {
  const rules = [...usualDevices, ...granted]
  try {
    if (directory.version === 'v2') filterDevices(directory.fd, rules)
    else restrictOld(directory, rules)
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}

function restrictOld(directory: GroupDirectory, rules: readonly DeviceRule[]): void {
  directory.write('devices.deny', 'a')
  for (const node of ['c *:* m', 'b *:* m', ...rules.map(ruleText)]) {
    try {
      directory.write('devices.allow', node)
    } catch (error) {
      // The group above, as of a container that we run in, does not have it either.
      if (errnoCode(error) !== 'EPERM') throw error
    }
  }
}

function ruleText({ kind, major, minor, read, write }: DeviceRule): string {
  return `${kind === 'char' ? 'c' : 'b'} ${major}:${minor ?? '*'} ${read ? 'r' : ''}${write ? 'w' : ''}m`
}
