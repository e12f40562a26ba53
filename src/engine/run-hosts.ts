import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SandboxMount } from '../ports/index.ts'

/** The address of the machine for a RUN step, which has the machine's own network. */
const hostGateway = '127.0.0.1'

/**
 * The text of a RUN step's hosts file with `NAME:IP` of `--add-host`. Throws `ToolError` `usage` for one that cannot be
 * read.
 */
export async function runHostsText(addHosts: readonly string[], hostname: string): Promise<string> {
  const { hostsText } = await import('../network/hosts-file.ts')
  const none = { ports: [], aliases: [], dns: [], dnsSearch: [], dnsOptions: [] } as const
  const request = { id: '', name: '', hostname, domainname: '', mode: 'host', addHosts, ...none }
  return hostsText(request, [], [], hostGateway)
}

/** Shows that file as /etc/hosts; `directory` is of the run alone. None without `--add-host`, or where the step has its own. */
export async function hostsMounts(
  addHosts: readonly string[] | undefined,
  hostname: string,
  mounts: readonly SandboxMount[],
  directory: string,
): Promise<readonly SandboxMount[]> {
  const target = '/etc/hosts'
  if (addHosts === undefined || mounts.some((mount) => mount.target === target)) return []
  const source = join(directory, 'added-hosts')
  writeFileSync(source, await runHostsText(addHosts, hostname), { mode: 0o644 })
  return [{ kind: 'bind', source, target, readonly: false }]
}
