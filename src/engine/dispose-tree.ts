import { spawnSync } from 'node:child_process'
import { ToolError } from '../base/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { namespacePrefix } from './namespace.ts'

/** Removes a tree; what belongs to other ids of the user's namespace, in a namespace. */
export function disposeTree({ containers, host, store }: ContainerRoom, path: string): void {
  if (containers.dispose(path)) return
  const { words } = namespacePrefix(host, store)
  const [program = 'rm', ...args] = [...words, 'rm', '-rf', '--', path]
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: host.env['PATH'] ?? '/usr/bin:/bin' },
  })
  if (status === 0) return
  throw new ToolError('store-failed', `cannot remove ${path}: ${stderr.trim()}`, { hint: 'remove it by hand' })
}
