import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareCodeUnits, type DiffId, errnoCode, storeAction } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'
import type { CacheMountRequest } from './cache-mounts.ts'
import { decodeFailedStep } from './decode-failed-step.ts'
import { readJson } from './files.ts'

/** What ran in a step that failed. Values of secrets and of proxy variables are left out. */
export interface FailedProcess {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: string
  readonly hostname: string
  readonly network: 'host' | 'none'
  readonly privileged: boolean
  /** A heredoc that it saw below `/dev/pipes`. */
  readonly script?: { readonly name: string; readonly content: string }
}

/** A mount of a failed step, as far as it can be made again: no secrets, no agents. */
export type KeptMount =
  /** A copy that is kept with the step, as `files` in the directory `source` of it. */
  | { readonly kind: 'files'; readonly target: string; readonly readonly: boolean; readonly source: string }
  /** The path `source` in layers of the store. */
  | {
      readonly kind: 'layers'
      readonly target: string
      readonly readonly: boolean
      readonly layers: readonly DiffId[]
      readonly source: string
    }
  | ({ readonly kind: 'cache'; readonly target: string; readonly readonly: boolean } & CacheMountRequest)
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes?: number }

/** A step that failed, kept as it was left. */
export interface FailedStep {
  /** 12 hex digits. */
  readonly id: string
  /** RFC 3339 time when it failed. */
  readonly created: string
  /** Names the Dockerfile and context, as build traces do. */
  readonly project: string
  /** As progress shows it. */
  readonly label: string
  readonly file: string
  readonly startLine: number
  readonly exitCode: number
  /** Layers below the tree that it left, bottom first. */
  readonly layers: readonly DiffId[]
  readonly process: FailedProcess
  readonly mounts: readonly KeptMount[]
}

/** Directory of a failed step: its tree of changes as `fs`, copies of mounted files as `mounts/N/files`. */
export function failedStepDirectory(root: string, id: string): string {
  return join(root, 'failed', id)
}

/**
 * Keeps a failed step: `directory` of a working area, in the form that `failedStepDirectory` has, is moved into the
 * store, so that it is there whole or not at all.
 */
export function keepFailedStep(root: string, directory: string, step: FailedStep): void {
  storeAction('keep the failed step', () => {
    writeFileSync(join(directory, 'step.json'), JSON.stringify(step))
    mkdirSync(join(root, 'failed'), { recursive: true })
    renameSync(directory, failedStepDirectory(root, step.id))
  })
}

/** Every step that is kept, the newest first. */
export function failedSteps(root: string): readonly FailedStep[] {
  return names(root)
    .flatMap((id) => readJson(join(failedStepDirectory(root, id), 'step.json'), decodeFailedStep) ?? [])
    .sort((a, b) => compareCodeUnits(b.created, a.created))
}

/** Keeps a failed step from being removed until the returned function is called or the process ends; undefined when it is gone. */
export function holdFailedStep(root: string, id: string): (() => void) | undefined {
  const fd = openDirectory(failedStepDirectory(root, id))
  if (fd === undefined) return undefined
  if (tryLock(fd, 'shared')) return () => closeSync(fd)
  closeSync(fd)
  return undefined
}

/** Removes a failed step; false when somebody works in it. Call it inside the namespace. */
export function removeFailedStep(root: string, id: string): boolean {
  const directory = failedStepDirectory(root, id)
  const fd = openDirectory(directory)
  if (fd === undefined) return true
  try {
    if (!tryLock(fd, 'exclusive')) return false
    storeAction(`remove ${directory}`, () => {
      const gone = join(root, 'work', `.gone-${id}`)
      renameSync(directory, gone)
      rmSync(gone, { recursive: true, force: true, maxRetries: 3 })
    })
    return true
  } finally {
    closeSync(fd)
  }
}

function openDirectory(directory: string): number | undefined {
  try {
    return openSync(directory, 'r')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function names(root: string): readonly string[] {
  try {
    return readdirSync(join(root, 'failed'))
  } catch (error) {
    // No step has failed yet.
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}
