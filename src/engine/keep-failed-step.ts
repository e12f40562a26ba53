import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { invariant, ToolError } from '../base/index.ts'
import type { ExecuteRequest } from '../build/index.ts'
import type { RunMount, RunOperation } from '../ir/index.ts'
import { type FailedProcess, type KeptMount, keepFailedStep } from '../store/failed-steps.ts'
import type { Session } from '../store/session.ts'
import type { FileMounter } from './mounted-files.ts'

/** What a failed step is kept with. */
export interface KeepSettings {
  readonly storeRoot: string
  readonly session: Session
  readonly files: FileMounter
  readonly network: 'host' | 'none'
  /** Names the Dockerfile and context. */
  readonly project: string
  nowMs(): number
}

/**
 * Moves what a failed RUN left behind into the store, so that `longshore debug` can show it: `tree` is its tree of
 * changes. Returns the error with the ID in its details. Values of secrets and proxies are not kept.
 */
export async function keepFailure(
  settings: KeepSettings,
  error: ToolError,
  operation: RunOperation,
  request: ExecuteRequest,
  tree: string,
): Promise<ToolError> {
  const { session, storeRoot, project } = settings
  const exitCode = error.details['exitCode']
  invariant(typeof exitCode === 'number', 'a process failed without an exit code')
  const id = randomBytes(6).toString('hex')
  const directory = session.makeDirectory('failed')
  const mounts = await keptMounts(settings, operation, request, directory)
  renameSync(tree, join(directory, 'fs'))
  const { text, file, startLine } = operation.origin
  keepFailedStep(storeRoot, directory, {
    id,
    created: new Date(settings.nowMs()).toISOString(),
    project,
    label: text,
    file,
    startLine,
    exitCode,
    layers: request.parent.map(({ diffId }) => diffId),
    process: keptProcess(operation, settings.network),
    mounts,
  })
  const { code, message, hint, details } = error
  const options = { details: { ...details, failedStep: id }, ...(hint === undefined ? {} : { hint }) }
  return new ToolError(code, message, { ...options, cause: error.cause })
}

function keptProcess(operation: RunOperation, network: 'host' | 'none'): FailedProcess {
  const { args, env, cwd, user, script, addHosts } = operation
  return {
    args,
    env,
    cwd,
    user,
    hostname: operation.hostname ?? 'buildkitsandbox',
    network: operation.network === 'default' ? network : operation.network,
    privileged: operation.security === 'insecure',
    ...(addHosts === undefined ? {} : { addHosts }),
    ...(script === undefined ? {} : { script: { name: script.name, content: script.content } }),
  }
}

async function keptMounts(
  settings: KeepSettings,
  operation: RunOperation,
  request: ExecuteRequest,
  directory: string,
): Promise<readonly KeptMount[]> {
  mkdirSync(join(directory, 'mounts'))
  const kept: KeptMount[] = []
  for (const [index, mount] of operation.mounts.entries()) {
    const one = await keptMount(settings, mount, request, directory, `mounts/${index}`)
    if (one !== undefined) kept.push(one)
  }
  return kept
}

async function keptMount(
  settings: KeepSettings,
  mount: RunMount,
  request: ExecuteRequest,
  directory: string,
  name: string,
): Promise<KeptMount | undefined> {
  const files = request.mounts.find((one) => one.mount === mount)
  switch (mount.kind) {
    case 'secret':
    case 'ssh':
      return undefined
    case 'tmpfs': {
      const { kind, target, sizeBytes } = mount
      return { kind, target, ...(sizeBytes === undefined ? {} : { sizeBytes }) }
    }
    case 'cache': {
      const { kind, target, readonly, id, sharing, mode, uid, gid } = mount
      const initial = files === undefined ? {} : { initialContent: files.digest }
      return { kind, target, readonly, id, sharing, mode, uid, gid, ...initial }
    }
    case 'bind': {
      const { target, readonly, sources } = mount
      invariant(files !== undefined, `no files for the mount on ${target}`)
      if (files.source.kind === 'layers') {
        const layers = files.source.layers.map(({ diffId }) => diffId)
        return { kind: 'layers', target, readonly, layers, source: sources[0] }
      }
      await settings.files.keepCopy(files.digest, join(directory, name))
      return { kind: 'files', target, readonly, source: name }
    }
  }
}
