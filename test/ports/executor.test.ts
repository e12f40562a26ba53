import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { ContextPort } from '../../src/build/index.ts'
import { openContext } from '../../src/context/index.ts'
import type { Host } from '../../src/engine/host.ts'
import { openWorkshop, type Workshop } from '../../src/engine/workshop.ts'
import { digestLayer } from '../../src/layer/index.ts'
import type { Layer } from '../../src/ports/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { enterMountNamespace } from '../../src/sys/index.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { describeExecutorPort, type OpenedExecutor } from './executor-port.ts'

// Stays in this process, which vitest starts for this file alone; as a user the whole command is started anew, which
// the end-to-end tests cover.
const skip = process.getuid?.() !== 0
const home = makeTemporaryDirectory()
const directory = join(home, 'context')
const host: Host = {
  env: { PATH: process.env['PATH'] },
  cwd: '/',
  uid: 0,
  pid: process.pid,
  supervisorCommand: [],
  digestProgram: join(import.meta.dirname, '../../src/layer/digest-process.ts'),
  arch: process.arch,
  cpus: 2,
  isReexecuted: false,
  inUserNamespace: false,
  startedMs: Date.now(),
  async *stdin() {},
  inherited: {},
  handOver: () => {},
  nowMs: Date.now,
  reexecute: () => {
    throw new Error('root has no need of a user namespace')
  },
  join: () => {
    throw new Error('there is no container')
  },
}
let opened: { readonly store: Store; readonly workshop: Workshop; readonly base: Layer } | undefined

beforeAll(() => {
  if (skip) return
  enterMountNamespace()
  mkdirSync(directory)
  for (const name of ['a', 'b']) writeFileSync(join(directory, `${name}.txt`), name)
  const store = openStore(join(home, 'store'))
  const workshop = openWorkshop({
    store,
    host,
    contextDirectory: directory,
    network: 'none',
    emit: () => {},
    secrets: {},
    agents: {},
  })
  opened = { store, workshop, base: busyboxLayer(store, workshop) }
})
afterAll(async () => {
  await opened?.workshop.close()
  removeDirectory(home)
})

function busyboxLayer(store: Store, workshop: Workshop): Layer {
  const made = workshop.session.makeDirectory('base')
  mkdirSync(join(made, 'fs/bin'), { recursive: true })
  copyFileSync('/bin/busybox', join(made, 'fs/bin/busybox'))
  for (const name of ['sh', 'echo', 'sleep']) symlinkSync('busybox', join(made, 'fs/bin', name))
  const digests = digestLayer(join(made, 'fs'), { overlay: workshop.overlay })
  return store.layers.adopt({ ...digests, created: '2026-01-01T00:00:00Z', directory: made })
}

describeExecutorPort(
  'overlay mounts and a sandbox',
  (): OpenedExecutor => {
    if (opened === undefined) throw new Error('not opened')
    const { store, workshop, base } = opened
    const paths = { directory, dockerfile: join(directory, 'Dockerfile'), memoFile: join(home, 'memo') }
    const reopen = (): ContextPort => openContext({ ...paths, nowMs: Date.now })
    const write = (path: string, text: string): void => writeFileSync(join(directory, path), text)
    return { executor: workshop.executor, layers: store.layers, base: [base], context: reopen(), reopen, write }
  },
  skip,
)
