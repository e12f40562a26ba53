import { chmodSync, chownSync, closeSync, constants, openSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { Transform } from 'node:stream'
import { agentRequests } from './agent-requests.ts'

/** A socket of ours in front of an agent's. */
export interface AgentRelay {
  close(): void
}

export interface RelayOptions {
  /** Where the socket is made; nothing may be there. */
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** The agent's socket. */
  readonly agent: string
}

/**
 * Makes a socket that passes requests on to an agent: an agent talks only to its own user, and whoever runs in a
 * container is another one. What would change the agent (add, remove, lock) is refused, as BuildKit does.
 */
export async function relayAgent({ path, mode, uid, gid, agent }: RelayOptions): Promise<AgentRelay> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(agent)
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    // Either end closes the other; the container sees a failed request, which is all there is to say.
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.once('close', () => upstream.destroy())
    const filter = agentRequests()
    const allowed = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const passed = filter(chunk)
        if (passed === undefined) client.destroy()
        else this.push(passed)
        done()
      },
    })
    client.pipe(allowed).pipe(upstream)
    upstream.pipe(client)
  })
  await listen(server, path)
  chownSync(path, uid, gid)
  chmodSync(path, mode)
  return {
    close() {
      for (const socket of open) socket.destroy()
      server.close()
      rmSync(path, { force: true })
    },
  }
}

/** A socket's address holds 108 bytes, and paths of a store may be longer: it is named through its open directory. */
async function listen(server: Server, path: string): Promise<void> {
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(`/proc/self/fd/${directory}/${basename(path)}`, resolve)
    })
  } finally {
    closeSync(directory)
  }
}
