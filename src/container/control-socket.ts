import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

/** Name of a supervisor's socket in its container's directory. */
export const socketName = 'control'

/**
 * The address of a socket in `directory` for as long as `use` runs: a path through a descriptor, since one of a socket may have
 * 107 bytes, and stores lie deep.
 */
function withShortPath<T>(directory: string, use: (path: string) => T): T {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return use(`/proc/self/fd/${fd}/${socketName}`)
  } finally {
    closeSync(fd)
  }
}

/** Listens in `directory`, in the place of a dead supervisor's socket. Both calls address the socket at once. */
export function listenForControl(directory: string, onConnection: (socket: Socket) => void): Server {
  rmSync(join(directory, socketName), { force: true })
  const server = createServer({ allowHalfOpen: false }, onConnection)
  withShortPath(directory, (path) => server.listen(path))
  return server
}

/** Connects to the supervisor of the container in `directory`; undefined when there is none. */
export async function connectForControl(directory: string): Promise<Socket | undefined> {
  const socket = withShortPath(directory, (path) => connect({ path }))
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}
