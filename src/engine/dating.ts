import { type Epoch, epochArgument } from '../plan/index.ts'
import type { Scene } from './scene.ts'

/**
 * The moment a build is dated to: what was given, else for a reproducible build the time of the commit that is checked
 * out, else of the newest file of the context. Undefined when the build keeps the time at which it ran. Throws `ToolError`
 * `git-failed`, `context-unreadable`.
 */
export async function resolveEpoch(scene: Scene, signal: AbortSignal): Promise<Epoch | undefined> {
  const { dating } = scene.request
  if (dating === undefined) return undefined
  const seconds = dating.seconds ?? (dating.reproducible ? await sourceSeconds(scene, signal) : undefined)
  if (seconds === undefined) return undefined
  if (dating.reproducible) return { seconds, files: 'set' }
  return dating.rewriteTimestamp ? { seconds, files: 'lowered' } : { seconds }
}

async function sourceSeconds(scene: Scene, signal: AbortSignal): Promise<number> {
  const { context, remote } = scene
  // The files of a fetched commit have its time, and lie in no repository but ours.
  if (!context.fetched) {
    const committed = await (await remote.client()).commitTime(context.root, signal)
    if (committed !== undefined) return committed
  }
  return Math.max(0, Math.floor((context.newestFile() ?? 0) / 1000))
}

/** Build arguments with the moment among them, so that `ARG SOURCE_DATE_EPOCH` sees it. */
export function datedArguments(
  given: Readonly<Record<string, string>>,
  epoch: Epoch | undefined,
): Readonly<Record<string, string>> {
  return epoch === undefined ? given : { ...given, [epochArgument]: String(epoch.seconds) }
}
