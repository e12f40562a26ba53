import { ToolError } from '../base/index.ts'
import type { JsonValue } from '../engine/inspect-image.ts'
import { compileTemplate } from '../report/index.ts'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import type { InspectFlags } from './lifecycle-flags.ts'
import { platformField } from './platform-field.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

type Inspected = { readonly [name: string]: JsonValue }

/**
 * Runs `longshore inspect`: what was found goes to stdout, one JSON array or one line of the template each; what was not is
 * told on stderr. Returns the exit code.
 */
export async function runInspect(
  names: readonly string[],
  flags: InspectFlags,
  root: string | undefined,
): Promise<number> {
  const { format } = flags
  const fill = format === undefined || format === 'json' ? undefined : compileTemplate(format)
  const found: Inspected[] = []
  const errors: ToolError[] = []
  for (const name of names) {
    try {
      found.push(await inspectOne(name, flags, root))
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      errors.push(error)
    }
  }
  if (fill !== undefined) process.stdout.write(found.map((one) => `${fill(one)}\n`).join(''))
  else process.stdout.write(format === 'json' ? `${JSON.stringify(found)}\n` : `${JSON.stringify(found, null, 4)}\n`)
  process.stderr.write(errors.map(errorText).join(''))
  return errors[0] === undefined ? exitCodes.done : exitCodeFor(errors[0])
}

/** A container goes before an image of the same name, as docker has it. */
async function inspectOne(name: string, flags: InspectFlags, root: string | undefined): Promise<Inspected> {
  const host = processHost()
  const image = async (): Promise<Inspected> => {
    const { inspectImage } = await import('../engine/inspect-image.ts')
    return inspectImage(host, root, name, platformField(flags).platform)
  }
  // Only images have platforms.
  if (flags.type === 'image' || flags.platform !== undefined) return image()
  const { openContainerRoom } = await import('../engine/containers.ts')
  const { inspectContainer } = await import('../engine/inspect-container.ts')
  try {
    return inspectContainer(openContainerRoom(host, root), name, flags.size === true)
  } catch (error) {
    const isMissing = error instanceof ToolError && error.code === 'container-not-found'
    if (flags.type === 'container' || !isMissing) throw error
  }
  return image()
}
