import { statSync } from 'node:fs'
import { type DeviceRule, splitDevice } from '../sys/index.ts'

/** What `--device SOURCE[:TARGET][:rwm]` lets a container use. A device that is gone grants nothing; mounting it fails by itself. */
export function deviceRules(devices: readonly string[]): readonly DeviceRule[] {
  return devices.flatMap((text) => {
    const [source = '', ...rest] = text.split(':')
    const access = rest.find((word) => /^[rwm]{1,3}$/.test(word)) ?? 'rwm'
    const stat = statSync(source, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return []
    const kind = stat.isBlockDevice() ? ('block' as const) : ('char' as const)
    return [{ kind, ...splitDevice(stat.rdev), read: access.includes('r'), write: access.includes('w') }]
  })
}
