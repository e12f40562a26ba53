import { ToolError } from '../base/index.ts'
import { type ContainerRoom, openContainerRoom } from '../engine/containers.ts'
import { exitCodes } from './exit-codes.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/**
 * Does something to each of several containers, all at once, and prints each one's name as it was given; `action` may return other
 * words to print. One that fails does not keep the others; its error goes to stderr, and the exit code is 1.
 */
export async function forEachContainer(
  names: readonly string[],
  root: string | undefined,
  action: (room: ContainerRoom, id: string, name: string) => Promise<string | undefined> | string | undefined,
): Promise<number> {
  const room = openContainerRoom(processHost(), root)
  const results = await Promise.allSettled(
    names.map(async (name) => (await action(room, room.containers.find(name), name)) ?? name),
  )
  let exitCode: number = exitCodes.done
  for (const result of results) {
    if (result.status === 'fulfilled') process.stdout.write(result.value === '' ? '' : `${result.value}\n`)
    else if (result.reason instanceof ToolError) {
      process.stderr.write(errorText(result.reason))
      exitCode = exitCodes.stepFailed
    } else throw result.reason
  }
  return exitCode
}
