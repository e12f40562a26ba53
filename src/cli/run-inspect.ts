import { ToolError } from '../base/index.ts'
import { type InspectedImage, inspectImage } from '../engine/inspect-image.ts'
import { compileTemplate } from '../report/index.ts'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/**
 * Runs `longshore inspect`: what was found goes to stdout, one JSON array or one line of the template each; what was not is
 * told on stderr. Returns the exit code.
 */
export function runInspect(names: readonly string[], format: string | undefined, root: string | undefined): number {
  const host = processHost()
  const fill = format === undefined || format === 'json' ? undefined : compileTemplate(format)
  const found: InspectedImage[] = []
  const errors: ToolError[] = []
  for (const name of names) {
    try {
      found.push(inspectImage(host, root, name))
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      errors.push(error)
    }
  }
  if (fill !== undefined) process.stdout.write(found.map((image) => `${fill(image)}\n`).join(''))
  else process.stdout.write(format === 'json' ? `${JSON.stringify(found)}\n` : `${JSON.stringify(found, null, 4)}\n`)
  process.stderr.write(errors.map(errorText).join(''))
  return errors[0] === undefined ? exitCodes.done : exitCodeFor(errors[0])
}
