import { type DiffId, isDigest, parseDiffId } from '../base/index.ts'
import { all, type Fields, isFields } from './decode.ts'
import type { FailedProcess, FailedStep, KeptMount } from './failed-step.ts'

/** Decodes the description of a failed step; undefined when a field is missing or of another shape. */
export function decodeFailedStep(value: unknown): FailedStep | undefined {
  if (!isFields(value)) return undefined
  const { id, created, project, label, file, startLine, exitCode } = value
  if (typeof id !== 'string' || typeof created !== 'string' || typeof project !== 'string') return undefined
  if (typeof label !== 'string' || typeof file !== 'string') return undefined
  if (typeof startLine !== 'number' || typeof exitCode !== 'number') return undefined
  const layers = diffIds(value['layers'])
  const process = decodeProcess(value['process'])
  const mounts = all(value['mounts'], decodeMount)
  if (layers === undefined || process === undefined || mounts === undefined) return undefined
  return { id, created, project, label, file, startLine, exitCode, layers, process, mounts }
}

function decodeProcess(value: unknown): FailedProcess | undefined {
  if (!isFields(value)) return undefined
  const { cwd, user, hostname, network, privileged, script } = value
  const [args, env] = [all(value['args'], text), all(value['env'], text)]
  const addHosts = all(value['addHosts'], text)
  if (args === undefined || env === undefined || typeof cwd !== 'string' || typeof user !== 'string') return undefined
  if (typeof hostname !== 'string' || typeof privileged !== 'boolean') return undefined
  if (network !== 'host' && network !== 'none') return undefined
  const { name, content } = isFields(script) ? script : {}
  const kept = typeof name === 'string' && typeof content === 'string' ? { script: { name, content } } : {}
  return {
    args,
    env,
    cwd,
    user,
    hostname,
    network,
    privileged,
    ...(addHosts === undefined ? {} : { addHosts }),
    ...kept,
  }
}

function decodeMount(value: unknown): KeptMount | undefined {
  if (!isFields(value) || typeof value['target'] !== 'string') return undefined
  const { kind, target, readonly, source } = value
  if (kind === 'tmpfs') {
    const { sizeBytes } = value
    return { kind, target, ...(typeof sizeBytes === 'number' ? { sizeBytes } : {}) }
  }
  if (typeof readonly !== 'boolean') return undefined
  if (kind === 'files' && typeof source === 'string') return { kind, target, readonly, source }
  if (kind === 'layers' && typeof source === 'string') {
    const layers = diffIds(value['layers'])
    return layers === undefined ? undefined : { kind, target, readonly, layers, source }
  }
  return kind === 'cache' ? decodeCache(value, target, readonly) : undefined
}

function decodeCache(value: Fields, target: string, readonly: boolean): KeptMount | undefined {
  const { id, sharing, mode, uid, gid, initialContent } = value
  if (typeof id !== 'string' || typeof mode !== 'number') return undefined
  if (typeof uid !== 'number' || typeof gid !== 'number') return undefined
  if (sharing !== 'shared' && sharing !== 'private' && sharing !== 'locked') return undefined
  const initial = typeof initialContent === 'string' ? { initialContent } : {}
  return { kind: 'cache', target, readonly, id, sharing, mode, uid, gid, ...initial }
}

function diffIds(value: unknown): readonly DiffId[] | undefined {
  return all<DiffId>(value, (item) => (typeof item === 'string' && isDigest(item) ? parseDiffId(item) : undefined))
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
