import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareCodeUnits, errnoCode, storeAction } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'
import { decodeFailedStep } from './decode-failed-step.ts'
import type { FailedStep } from './failed-step.ts'
import { readJson } from './files.ts'

export type { FailedProcess, FailedStep, KeptMount } from './failed-step.ts'

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
