import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { errnoCode, ToolError } from '../base/index.ts'
import type { Store } from '../store/index.ts'
import { findProgram } from './find-program.ts'
import type { Host } from './host.ts'

/**
 * Puts this process where it may mount without anyone seeing: as root, a mount namespace of its own; as an ordinary
 * user, the same command again in a user namespace (does not return then). Throws `ToolError` `isolation-unavailable`.
 */
export async function enterNamespace(host: Host, store: Store): Promise<void> {
  if (host.uid !== 0) {
    if (hasSubordinateIds(host)) {
      requireUserNamespace(host, store, 'subordinate-ids')
      host.reexecute('subordinate-ids')
    }
    requireUserNamespace(host, store, 'only-self')
    host.reexecute('only-self')
  }
  const sys = await import('../sys/index.ts')
  try {
    sys.enterMountNamespace()
  } catch (error) {
    if (errnoCode(error) !== 'EPERM' || host.inUserNamespace) throw unavailable(String(error))
    // Root without CAP_SYS_ADMIN, as in an unprivileged container: a user namespace may still be allowed.
    requireUserNamespace(host, store, 'only-self')
    host.reexecute('only-self')
  }
}

/** How another program is started where it may mount: words to put before its own, and whether that is a user namespace. */
export interface NamespacePrefix {
  readonly words: readonly string[]
  readonly inUserNamespace: boolean
}

/**
 * As `enterNamespace`, for a program that is to be started there while this one stays where it is. It makes a mount namespace
 * of its own. Throws `ToolError` `isolation-unavailable`.
 */
export function namespacePrefix(host: Host, store: Store): NamespacePrefix {
  if (host.uid === 0 && (host.inUserNamespace || maySetUpMounts())) {
    return { words: [], inUserNamespace: host.inUserNamespace }
  }
  const mapping = host.uid !== 0 && hasSubordinateIds(host) ? 'subordinate-ids' : 'only-self'
  requireUserNamespace(host, store, mapping)
  const unshare = findProgram('unshare', host.env['PATH'])
  if (unshare === undefined) throw unavailable('the program "unshare" of util-linux is not installed')
  return { words: [unshare, ...unshareArguments(mapping)], inUserNamespace: true }
}

/** CAP_SYS_ADMIN, bit 21 of the effective capabilities: root in an unprivileged container lacks it. */
function maySetUpMounts(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'
  return ((BigInt(`0x${effective}`) >> 21n) & 1n) === 1n
}

/** Arguments of unshare(1) for a user namespace with its own mount namespace. */
export function unshareArguments(mapping: 'subordinate-ids' | 'only-self'): readonly string[] {
  return ['--user', ...(mapping === 'subordinate-ids' ? ['--map-auto'] : []), '--map-root-user', '--mount', '--']
}

/** Whether newuidmap, newgidmap and a range in /etc/subuid and /etc/subgid are there for this user. */
function hasSubordinateIds(host: Host): boolean {
  const found = (name: string): boolean => findProgram(name, host.env['PATH']) !== undefined
  return found('newuidmap') && found('newgidmap') && hasRange('/etc/subuid', host) && hasRange('/etc/subgid', host)
}

function hasRange(file: string, host: Host): boolean {
  const names = [String(host.uid), userName(host.uid)]
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => names.includes(line.split(':')[0]))
  } catch {
    // No such file, or not readable: there is no range then.
    return false
  }
}

function userName(uid: number): string | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[2] === String(uid))
  return line?.split(':')[0]
}

/** Tries a user namespace once a boot, so that a machine that forbids them says so in our words. */
function requireUserNamespace(host: Host, store: Store, mapping: 'subordinate-ids' | 'only-self'): void {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const cacheName = `user-namespace-${host.uid}-${mapping}`
  if (Buffer.from(store.readCache(cacheName) ?? []).toString() === boot) return
  const unshare = findProgram('unshare', host.env['PATH'])
  if (unshare === undefined) throw unavailable('the program "unshare" of util-linux is not installed')
  const result = spawnSync(unshare, [...unshareArguments(mapping), 'true'], {
    encoding: 'utf8',
    env: { PATH: host.env['PATH'] ?? '/usr/bin:/bin' },
  })
  if (result.status !== 0) throw unavailable((result.stderr || String(result.error ?? '')).trim())
  store.writeCache(cacheName, boot)
}

function unavailable(reason: string): ToolError {
  return new ToolError('isolation-unavailable', `this machine lets no user namespace be made: ${reason}`, {
    hint: 'allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns=0), or run as root',
  })
}
