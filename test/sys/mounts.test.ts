import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const sys = resolve(import.meta.dirname, '../../src/sys/index.ts')
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0

/** Runs inside a process of its own: a mount namespace cannot be left again. */
const script = `
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { enterMountNamespace, mount, umount, MS_NODEV, MNT_DETACH } from ${JSON.stringify(sys)}
enterMountNamespace()
const folder = mkdtempSync(join(tmpdir(), 'longshore-sys-'))
try {
  mount('tmpfs', folder, 'tmpfs', MS_NODEV, 'mode=0700')
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'lower/below'), 'x')
  const at = (name) => join(folder, name)
  mount('overlay', at('merged'), 'overlay', 0, 'lowerdir=' + at('lower') + ',upperdir=' + at('upper') + ',workdir=' + at('work'))
  writeFileSync(at('merged/above'), 'x')
  const seen = [readdirSync(at('merged')), readdirSync(at('upper'))]
  umount(at('merged'))
  seen.push(readdirSync(at('merged')))
  let code = ''
  try { umount(at('merged')) } catch (error) { code = error.code }
  console.log(JSON.stringify([...seen, code, folder]))
} finally {
  umount(folder, MNT_DETACH)
  rmSync(folder, { recursive: true })
}
`

test.skipIf(!canMount)('an overlay in a mount namespace of its own, which the rest of the machine does not see', () => {
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(result.stderr).toBe('')
  const [merged, upper, after, code, folder] = JSON.parse(result.stdout)
  expect([merged, upper, after, code]).toEqual([['above', 'below'], ['above'], [], 'EINVAL'])
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder)
})
