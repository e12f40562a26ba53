import type { EmitEvent } from '../build/index.ts'
import type { Isolation, SandboxRun } from '../ports/index.ts'
import { openWorkspace } from '../snapshot/index.ts'
import { type FailedStep, holdFailedStep } from '../store/failed-steps.ts'
import { openStore, type Store } from '../store/index.ts'
import { DebugMounts, storedLayers } from './debug-mounts.ts'
import { type Host, storeRoot } from './host.ts'
import { findFailedStep } from './kept-failures.ts'
import { leaseLayers, removedMeanwhile } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'
import { hostsMounts } from './run-hosts.ts'
import { unpackLayers } from './unpack-layers.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

/** Which failed step to look at, and how. */
export interface DebugRequest {
  /** ID or its beginning. */
  readonly id: string
  /** Absent: a shell. */
  readonly command?: readonly string[]
  readonly terminal: boolean
  readonly isolation?: Isolation
  readonly root?: string
}

/**
 * Runs a shell or a command in a failed step, as it was left: its files, environment, directory, user and mounts, but no
 * secrets. What is changed is thrown away. Returns the exit code. As a user this starts the command anew first.
 */
export async function debugStep(
  request: DebugRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
  onStart: (step: FailedStep, run: SandboxRun) => void,
): Promise<number> {
  const store = openStore(storeRoot(host, request.root))
  const step = findFailedStep(host, request.root, request.id)
  await enterNamespace(host, store)
  const letGo = holdFailedStep(store.root, step.id)
  if (letGo === undefined) throw removedMeanwhile(`the failed step ${step.id}`)
  const isolation = request.isolation === undefined ? {} : { isolation: request.isolation }
  const workshop = openWorkshop({
    ...{ store, host, contextDirectory: '/', network: step.process.network, emit, secrets: {}, agents: {} },
    ...isolation,
  })
  try {
    return await runInStep(store, workshop, step, request, signal, onStart)
  } finally {
    await workshop.close()
    letGo()
  }
}

async function runInStep(
  store: Store,
  workshop: Workshop,
  step: FailedStep,
  request: DebugRequest,
  signal: AbortSignal,
  onStart: (step: FailedStep, run: SandboxRun) => void,
): Promise<number> {
  const { session, snapshots } = workshop
  const layers = storedLayers(store, step.layers)
  leaseLayers(store, session, layers)
  await unpackLayers({ store, session, overlay: workshop.overlay }, layers)
  const directory = session.makeDirectory('debug')
  const kept = `../failed/${step.id}/fs`
  const lowers = [...layers.map(({ diffId }) => store.layers.treeName(diffId)), kept]
  const workspace = openWorkspace(snapshots, lowers, directory)
  const mounts = new DebugMounts(store, workshop, step, signal)
  try {
    await mounts.open(directory)
    const { args, env, script: _script, addHosts, ...place } = step.process
    const hosts = await hostsMounts(addHosts, place.hostname, mounts.ready, directory)
    const sandbox = await workshop.sandbox()
    // The shell is the image's, and what it starts, too.
    const isGuarded = sandbox.isolation !== 'runc' && place.privileged !== true
    const guarded = isGuarded ? { enter: await workshop.guard.ready() } : {}
    const run = sandbox.start({
      ...place,
      ...guarded,
      id: `longshore-debug-${step.id}`,
      rootfs: workspace.root,
      scratch: directory,
      args: request.command ?? [shellOf(args)],
      env: request.terminal ? ['TERM=xterm', ...env] : env,
      mounts: [...hosts, ...mounts.ready],
      terminal: request.terminal,
      stdio: { kind: 'inherit', stdin: true },
      signal,
    })
    onStart(step, run)
    return (await run.done).exitCode
  } finally {
    mounts.close()
    workspace.unmount()
  }
}

/** The shell of the failed command, where it was one. */
function shellOf([program = '']: readonly string[]): string {
  return /(?:^|\/)(?:ba|da|a|k|z)?sh$/.test(program) ? program : '/bin/sh'
}
