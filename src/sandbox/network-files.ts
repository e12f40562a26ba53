import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import type { SandboxMount, SandboxRequest } from '../ports/index.ts'

/**
 * Writes hosts, hostname and resolv.conf of a run into its scratch directory and returns the binds that show them in
 * the container. They never become part of a layer. A target that the request itself mounts on is left alone.
 */
export function networkFiles(request: SandboxRequest): readonly SandboxMount[] {
  const files: readonly (readonly [target: string, text: string])[] = [
    ['/etc/hosts', hostsText(request)],
    ['/etc/hostname', `${request.hostname}\n`],
    ['/etc/resolv.conf', request.network === 'none' ? '# this container has no network\n' : hostResolver()],
  ]
  return files
    .filter(([target]) => !request.mounts.some((mount) => mount.target === target))
    .map(([target, text]) => {
      const source = join(request.scratch, target.slice('/etc/'.length))
      writeFileSync(source, text, { mode: 0o644 })
      return { kind: 'bind', source, target, readonly: false }
    })
}

function hostsText(request: SandboxRequest): string {
  return `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t${request.hostname}\n`
}

/** The host's resolver configuration; with the host's network its addresses are reachable as they stand, 127.0.0.53 too. */
function hostResolver(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return ''
    throw error
  }
}
