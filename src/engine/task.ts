import { errorMessage, ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'

export interface TaskSettings {
  readonly emit: EmitEvent
  nowMs(): number
}

/** Tells how far a task is; `totalBytes` when that is known. */
export type ReportProgress = (bytes: number, totalBytes: number | undefined) => void

/** Progress is told again when this many bytes came since. */
const progressStepBytes = 4 * 1024 * 1024

/** Runs `action` as a task that progress shows as `label`; it says itself whether all of it was there already. */
export async function runTask<T>(
  settings: TaskSettings,
  task: string,
  label: string,
  action: (progress: ReportProgress) => Promise<{ readonly result: T; readonly cached: boolean }>,
): Promise<T> {
  const { emit } = settings
  const startMs = settings.nowMs()
  emit({ kind: 'task-start', task, label, timeMs: startMs })
  const end = (status: 'cached' | 'done' | 'failed' | 'canceled', error?: string): void => {
    const timeMs = settings.nowMs()
    const durationMs = timeMs - startMs
    emit({ kind: 'task-end', task, status, ...(error === undefined ? {} : { error }), durationMs, timeMs })
  }
  let told = 0
  const progress: ReportProgress = (bytes, totalBytes) => {
    if (bytes - told < progressStepBytes && bytes !== totalBytes) return
    told = bytes
    const total = totalBytes === undefined ? {} : { totalBytes }
    emit({ kind: 'task-progress', task, name: label, bytes, ...total, timeMs: settings.nowMs() })
  }
  try {
    const { result, cached } = await action(progress)
    end(cached ? 'cached' : 'done')
    return result
  } catch (error) {
    const canceled = error instanceof ToolError && error.code === 'canceled'
    end(canceled ? 'canceled' : 'failed', errorMessage(error))
    throw error
  }
}
