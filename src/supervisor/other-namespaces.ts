import { mkdirSync } from 'node:fs'
import { errorMessage, ToolError } from '../base/index.ts'
import { type ContainerSpec, type ContainerStore, isActive } from '../container/index.ts'
import type { SandboxRequest } from '../ports/index.ts'
import { mountFromProcess } from '../sys/index.ts'

type Namespaces = Pick<SandboxRequest, 'pidNamespace' | 'ipcNamespace'>

/** The first process of another container that runs. Throws `ToolError`; `what` is what is wanted of it. */
export function runningContainer(
  store: ContainerStore,
  text: string,
  what: string,
): { readonly id: string; readonly pid: number } {
  const id = store.find(text)
  const state = store.state(id)
  if (isActive(state) && state.pid !== 0) return { id, pid: state.pid }
  throw new ToolError('container-failed', `the container "${text}", whose ${what} is asked for, does not run`, {
    hint: `start it first: longshore start ${text}`,
  })
}

/**
 * Namespaces that are not the container's own, as `--pid` and `--ipc` ask. The shared memory of another container is mounted at
 * `shmDirectory`. Throws `ToolError`.
 */
export function otherNamespaces(store: ContainerStore, spec: ContainerSpec, shmDirectory: string): Namespaces {
  const { pid, ipc } = spec.security
  return { ...pidNamespace(store, pid), ...ipcNamespace(store, ipc, shmDirectory) }
}

function pidNamespace(store: ContainerStore, mode: ContainerSpec['security']['pid']): Namespaces {
  if (mode === 'private') return {}
  if (mode === 'host') return { pidNamespace: { kind: 'host' } }
  const { pid } = runningContainer(store, nameIn(mode), 'process namespace')
  return { pidNamespace: { kind: 'path', path: `/proc/${pid}/ns/pid` } }
}

function ipcNamespace(store: ContainerStore, mode: ContainerSpec['security']['ipc'], shmDirectory: string): Namespaces {
  if (mode === 'private' || mode === 'shareable') return {}
  if (mode === 'host') return { ipcNamespace: { kind: 'host', shm: '/dev/shm' } }
  const name = nameIn(mode)
  const { id, pid } = runningContainer(store, name, 'ipc namespace')
  if (store.spec(id).security.ipc === 'private') {
    throw new ToolError('container-failed', `the container "${name}" does not share its ipc namespace`, {
      hint: 'run that one with --ipc shareable',
    })
  }
  mkdirSync(shmDirectory, { mode: 0o700 })
  try {
    mountFromProcess(pid, '/dev/shm', shmDirectory)
  } catch (error) {
    throw new ToolError('run-failed', `cannot show the shared memory of "${name}": ${errorMessage(error)}`, {
      hint: 'this needs Linux 5.2 or newer',
      cause: error,
    })
  }
  return { ipcNamespace: { kind: 'path', path: `/proc/${pid}/ns/ipc`, shm: shmDirectory } }
}

function nameIn(mode: `container:${string}`): string {
  return mode.slice('container:'.length)
}
