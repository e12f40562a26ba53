import { mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { assertNever, invariant, ToolError } from '../base/index.ts'
import type { ExecuteRequest, ExecutorPort, SelectResult } from '../build/index.ts'
import type { CopyOperation, RunOperation, WorkdirOperation } from '../ir/index.ts'
import { dateTree, type LayerDigester, sniffArchive, unpackArchive } from '../layer/index.ts'
import type { ContextSelection, Layer, OverlayXattrs, Sandbox } from '../ports/index.ts'
import {
  applyCopy,
  applyWorkdir,
  type CopyRequest,
  makeReorderedNames,
  openEmptyWorkspace,
  openView,
  openWorkspace,
  resolveOwner,
  type SnapshotSettings,
  selectInRoot,
  type Workspace,
} from '../snapshot/index.ts'
import type { Store } from '../store/index.ts'
import type { Session } from '../store/session.ts'
import type { AgentSources } from './agent-sources.ts'
import type { DeviceGuard } from './device-guard.ts'
import type { Host } from './host.ts'
import { leaseLayers } from './lease-layers.ts'
import { FileMounter } from './mounted-files.ts'
import { type OtherSurroundings, otherSurroundings, withMissing } from './other-surroundings.ts'
import { hostsMounts } from './run-hosts.ts'
import { type LimitRequest, limitRun, type RunLimits } from './run-limits.ts'
import { prepareMounts, type RunMountSettings } from './run-mounts.ts'
import type { Secrets } from './secrets.ts'
import type { TravellingMounts } from './travelling-mounts.ts'
import { unpackLayers } from './unpack-layers.ts'

/** What steps are executed with. */
export interface ExecutorSettings {
  readonly store: Store
  readonly session: Session
  readonly snapshots: SnapshotSettings
  readonly overlay: OverlayXattrs
  readonly digester: LayerDigester
  readonly guard: DeviceGuard
  /** Root of the build context, for COPY. */
  readonly contextDirectory: string
  /** Network of RUN steps that ask for none themselves. */
  readonly network: 'host' | 'none'
  /** No RUN step gets a network, whatever it says. */
  readonly offline: boolean
  readonly limits: LimitRequest
  readonly host: Pick<Host, 'inUserNamespace' | 'pid'>
  readonly secrets: Secrets
  readonly agents: AgentSources
  /** The host's environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Names the Dockerfile and context; without it failed steps are not kept. */
  readonly project?: string
  /** Cache mounts in caches elsewhere. */
  readonly travelling: () => TravellingMounts | undefined
  /** Opened on the first RUN. */
  readonly sandbox: () => Promise<Sandbox>
  nowMs(): number
}

/** Executes steps in the caller's mount namespace: overlay snapshots, files by hand, processes in a sandbox. */
export function stepExecutor(settings: ExecutorSettings): ExecutorPort {
  const step = stepSettings(settings)
  return {
    execute: (request) =>
      inWorkspace(step, request, (workspace, startMs) => commitLayer(settings, workspace, startMs, request)),
    selectFrom(layers, { sources, sourceSpans, rules }) {
      return withView<SelectResult<ContextSelection['contentDigest']>>(settings, layers, (root) => {
        const result = selectInRoot(root, sources, sourceSpans, rules)
        return result.kind === 'missing' ? result : { kind: 'selected', selection: result.selection.contentDigest }
      })
    },
  }
}

/** Executes a step in other surroundings and shows the tree of changes to `judge`; nothing of it stays. */
export function rehearseStep<T>(
  settings: ExecutorSettings,
  request: ExecuteRequest,
  judge: (upper: string) => T,
): Promise<SelectResult<T>> {
  // A failure here is a finding, and no step to look into.
  const { project: _, ...ordinary } = stepSettings(settings)
  return inWorkspace({ ...ordinary, other: otherSurroundings }, request, ({ upper }) => {
    dateUpper(upper, request.epoch)
    return judge(upper)
  })
}

interface StepSettings extends ExecutorSettings {
  readonly mounts: RunMountSettings
  /** What a RUN finds another way than it is here. */
  readonly other?: OtherSurroundings
}

function stepSettings(settings: ExecutorSettings): StepSettings {
  const { store, secrets, agents, env, travelling } = settings
  const files = new FileMounter(settings)
  return { ...settings, mounts: { storeRoot: store.root, files, secrets, agents, env, travelling } }
}

/** Executes a step on a writable root; `conclude` gets the tree of changes when nothing writes to it any more. */
async function inWorkspace<T>(
  settings: StepSettings,
  request: ExecuteRequest,
  conclude: (workspace: Workspace, startMs: number) => T | Promise<T>,
): Promise<SelectResult<T>> {
  const { session, store, snapshots } = settings
  const startMs = settings.nowMs()
  const directory = session.makeDirectory('step')
  try {
    const { operation } = request
    const isLink = operation.kind === 'copy' && operation.link === true
    leaseLayers(store, session, request.parent)
    if (!isLink) await unpackLayers(settings, request.parent)
    const parents = request.parent.map((layer) => store.layers.treeName(layer.diffId))
    const lowers =
      settings.other !== undefined && operation.kind === 'run'
        ? [...reordered(settings, parents, directory), ...parents]
        : parents
    let failure: ToolError | undefined
    const workspace = isLink ? openEmptyWorkspace(directory) : openWorkspace(snapshots, lowers, directory)
    try {
      const missing = await executeOperation(settings, request, workspace, directory)
      if (missing !== undefined) return missing
    } catch (error) {
      if (!isFailedProcess(error)) throw error
      failure = error
    } finally {
      workspace.unmount()
    }
    if (failure !== undefined) throw await failureToKeep(settings, failure, request, workspace.upper)
    return { kind: 'selected', selection: await conclude(workspace, startMs) }
  } finally {
    session.removeDirectory(directory)
  }
}

/** A process failed, and nobody stopped it. */
function isFailedProcess(error: unknown): error is ToolError {
  return error instanceof ToolError && error.code === 'step-failed' && error.details['exitCode'] !== undefined
}

async function failureToKeep(
  settings: StepSettings,
  failure: ToolError,
  request: ExecuteRequest,
  tree: string,
): Promise<ToolError> {
  const { project, mounts, session, network } = settings
  if (project === undefined || request.operation.kind !== 'run') return failure
  const { keepFailure } = await import('./keep-failed-step.ts')
  const { files, storeRoot } = mounts
  const nowMs = (): number => settings.nowMs()
  return keepFailure({ files, storeRoot, session, network, project, nowMs }, failure, request.operation, request, tree)
}

/**
 * Names the tree of changes and moves it into the store, unless a layer of the same content is there already. A layer
 * that is dated must have its own times, too.
 */
async function commitLayer(
  settings: ExecutorSettings,
  workspace: Workspace,
  startMs: number,
  { epoch, signal }: ExecuteRequest,
): Promise<Layer> {
  const { session, store, overlay, digester } = settings
  dateUpper(workspace.upper, epoch)
  const digests = await digester.digest(workspace.upper, overlay, signal)
  const same = epoch?.files === undefined ? store.layers.layerByContent(digests.contentDigest) : undefined
  session.lease([store.layers.name(same?.diffId ?? digests.diffId)])
  if (same !== undefined && store.layers.isPresent(same.diffId)) return same
  session.lease([store.layers.name(digests.diffId)])
  const created = new Date(startMs).toISOString()
  return store.layers.adopt({ ...digests, directory: workspace.layerDirectory, created })
}

function dateUpper(upper: string, epoch: ExecuteRequest['epoch']): void {
  if (epoch?.files !== undefined) dateTree(upper, epoch.seconds, epoch.files)
}

/** A lowest layer that changes the order of names and nothing else. */
function reordered({ snapshots }: StepSettings, lowers: readonly string[], directory: string): readonly string[] {
  if (lowers.length === 0) return []
  const place = join(directory, 'reordered')
  const view = join(directory, 'view')
  mkdirSync(view)
  const { root, unmount } = openView(snapshots, lowers, view)
  try {
    makeReorderedNames(root, place)
  } finally {
    unmount()
  }
  return [relative(snapshots.layersDirectory, place)]
}

type Missing = Extract<SelectResult<Layer>, { kind: 'missing' }>

async function executeOperation(
  settings: StepSettings,
  request: ExecuteRequest,
  workspace: Workspace,
  directory: string,
): Promise<Missing | undefined> {
  const { operation } = request
  switch (operation.kind) {
    case 'run':
      await runProcess(settings, operation, request, workspace, directory)
      return undefined
    case 'copy':
      return copyFiles(settings, operation, request, workspace)
    case 'workdir':
      makeWorkdir(operation, workspace)
      return undefined
    default:
      return assertNever(operation)
  }
}

async function runProcess(
  settings: StepSettings,
  operation: RunOperation,
  request: ExecuteRequest,
  workspace: Workspace,
  directory: string,
): Promise<void> {
  const sandbox = await settings.sandbox()
  const id = containerId(directory)
  // runc sees to devices itself, and with security.insecure there are none to keep from.
  const isGuarded = sandbox.isolation !== 'runc' && operation.security !== 'insecure'
  const limited = await limitRun(settings.limits, id, settings.host, isGuarded ? settings.guard : undefined)
  for (const note of limited.notes) request.onOutput('stderr', Buffer.from(`${note}\n`))
  try {
    const exitCode = await runLimited(settings, sandbox, limited, operation, request, workspace, directory)
    if (exitCode !== 0) throw processFailed(operation, exitCode, settings.offline, limited.wasOomKilled())
  } finally {
    await limited.release()
  }
}

const longRunMs = 150

async function runLimited(
  settings: StepSettings,
  sandbox: Sandbox,
  limited: RunLimits,
  operation: RunOperation,
  request: ExecuteRequest,
  workspace: Workspace,
  directory: string,
): Promise<number> {
  const { other } = settings
  const prepared = await prepareMounts(settings.mounts, operation, request, directory)
  const hostname = operation.hostname ?? other?.hostname ?? 'buildkitsandbox'
  try {
    const hosts = await hostsMounts(operation.addHosts, hostname, prepared.mounts, directory)
    const { done } = sandbox.start({
      id: containerId(directory),
      rootfs: workspace.root,
      scratch: prepared.scratch,
      args: operation.args,
      env: withMissing([...operation.env, ...operation.proxyEnv, ...prepared.env], other?.env ?? []),
      cwd: operation.cwd,
      user: operation.user,
      hostname,
      ...(other === undefined ? {} : { umask: other.umask, nextPid: other.nextPid }),
      network: operation.network === 'default' || settings.offline ? settings.network : operation.network,
      mounts: [...hosts, ...prepared.mounts],
      privileged: operation.security === 'insecure',
      terminal: false,
      stdio: { kind: 'capture', onOutput: request.onOutput },
      signal: request.signal,
      ...limited.fields,
    })
    // What takes a while may leave much behind: then the process that digests it is there already.
    const warmUp = setTimeout(() => settings.digester.warmUp(), longRunMs).unref()
    const { exitCode } = await done.finally(() => clearTimeout(warmUp))
    request.signal.throwIfAborted()
    return exitCode
  } finally {
    await prepared.release()
  }
}

function processFailed({ args }: RunOperation, exitCode: number, offline: boolean, oomKilled: boolean): ToolError {
  const hints = [
    ...(exitCode > 125 && exitCode < 128 ? [notFoundHint(exitCode)] : []),
    ...(oomKilled ? ['the kernel killed a process of it: --memory is too little'] : []),
    ...(offline ? ['with --offline it had no network'] : []),
  ]
  return new ToolError(
    'step-failed',
    `process ${JSON.stringify(args.join(' '))} did not complete successfully: exit code: ${exitCode}`,
    { details: { exitCode }, ...(hints.length === 0 ? {} : { hint: hints.join('; ') }) },
  )
}

function notFoundHint(exitCode: number): string {
  return exitCode === 127
    ? 'a command was not found: install it in an earlier step, or check its name and PATH'
    : 'a file could not be executed: check its mode, its #! line and its architecture'
}

/** A name for the container that no other process uses: the session's random directory and the step's number. */
function containerId(directory: string): string {
  return `longshore-${directory
    .split('/')
    .slice(-2)
    .join('-')
    .replace(/[^a-z0-9-]/g, '')}`.slice(0, 40)
}

async function copyFiles(
  settings: ExecutorSettings,
  operation: CopyOperation,
  request: ExecuteRequest,
  workspace: Workspace,
): Promise<Missing | undefined> {
  const { files } = request
  if (files === undefined) {
    invariant(operation.sources.length === 0, 'COPY without its files')
    await copySelection(operation, request, workspace, undefined)
    return undefined
  }
  if (files.kind === 'context') {
    await copySelection(operation, request, workspace, { root: settings.contextDirectory, selection: files.selection })
    return undefined
  }
  if (files.kind === 'trees') {
    for (const part of files.parts) await copySelection({ ...operation, unpack: part.unpack }, request, workspace, part)
    return undefined
  }
  return withView(settings, files.layers, async (root) => {
    const result = selectInRoot(root, operation.sources, operation.sourceSpans, operation.rules)
    if (result.kind === 'missing') return result
    await copySelection(operation, request, workspace, { root, selection: result.selection })
    return undefined
  })
}

async function copySelection(
  operation: CopyOperation,
  request: ExecuteRequest,
  workspace: Workspace,
  source: CopyRequest['source'],
): Promise<void> {
  const owner = operation.chown === undefined ? {} : { owner: resolveOwner(workspace.root, operation.chown) }
  const unpack = async (archive: string, directory: string): Promise<boolean> => {
    if (sniffArchive(archive) === undefined) return false
    await unpackArchive(archive, workspace.root, directory, { ...owner, signal: request.signal })
    return true
  }
  await applyCopy({
    ...(source === undefined ? {} : { source }),
    ...(operation.inline === undefined ? {} : { inline: operation.inline }),
    targetRoot: workspace.root,
    destination: operation.destination,
    ...owner,
    ...(operation.chmod === undefined ? {} : { chmod: operation.chmod }),
    ...(operation.unpack ? { unpackArchive: unpack } : {}),
  })
}

function makeWorkdir(operation: WorkdirOperation, workspace: Workspace): void {
  const owner = operation.user === '' ? undefined : resolveOwner(workspace.root, operation.user)
  applyWorkdir({ targetRoot: workspace.root, path: operation.path, owner })
}

async function withView<T>(
  settings: ExecutorSettings,
  layers: readonly Layer[],
  action: (root: string) => T | Promise<T>,
): Promise<T> {
  const directory = settings.session.makeDirectory('view')
  try {
    leaseLayers(settings.store, settings.session, layers)
    await unpackLayers(settings, layers)
    const lowers = layers.map((layer) => settings.store.layers.treeName(layer.diffId))
    const view = openView(settings.snapshots, lowers, directory)
    try {
      return await action(view.root)
    } finally {
      view.unmount()
    }
  } finally {
    settings.session.removeDirectory(directory)
  }
}
