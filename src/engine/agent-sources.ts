import { statSync } from 'node:fs'
import { ToolError } from '../base/index.ts'

/** What `--ssh` gave, by id: a socket or files of keys; no path means the agent of SSH_AUTH_SOCK. */
export type AgentSources = Readonly<Record<string, readonly string[]>>

/** An agent that listens, or keys for one of our own. */
export type AgentSource =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'keys'; readonly files: readonly string[] }

/** What stands behind `id`; undefined when it was not given. Throws `ToolError` `usage` for paths that are not there. */
export function agentSocket(
  agents: AgentSources,
  id: string,
  env: Readonly<Record<string, string | undefined>>,
): AgentSource | undefined {
  const paths = Object.hasOwn(agents, id) ? agents[id] : undefined
  if (paths === undefined) return undefined
  const [first, ...others] = paths
  if (first === undefined) {
    const socket = env['SSH_AUTH_SOCK']
    if (socket) return { kind: 'socket', path: socket }
    throw new ToolError('usage', `--ssh ${id} means the agent of this machine, but SSH_AUTH_SOCK is not set`, {
      hint: `start one with eval $(ssh-agent) and ssh-add, or give a key: --ssh ${id}=FILE`,
    })
  }
  const stat = statSync(first, { throwIfNoEntry: false })
  if (stat === undefined) {
    throw new ToolError('usage', `--ssh ${id}: "${first}" does not exist`, {
      hint: 'give the socket of an agent or a file with a private key',
    })
  }
  if (!stat.isSocket()) return { kind: 'keys', files: paths }
  if (others.length === 0) return { kind: 'socket', path: first }
  throw new ToolError('usage', `--ssh ${id}: a socket stands alone, not beside other paths`, {
    hint: 'give one socket, or key files separated by commas',
  })
}
