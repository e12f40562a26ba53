import { ToolError } from '../base/index.ts'
import type { Dating } from '../engine/build-request.ts'
import type { Host } from '../engine/host.ts'
import { epochArgument } from '../plan/index.ts'
import { keyValues } from './collect.ts'
import type { BuildFlags } from './flags.ts'

/** The last second that RFC 3339 can write. */
const lastSecond = 253_402_300_799

/**
 * How flags, build arguments and the environment say a build is to be dated: the flag counts more than the argument, the
 * argument more than the variable, and an empty one is none. Throws `ToolError` `usage`.
 */
export function parseDating(
  flags: Pick<BuildFlags, 'buildArg' | 'sourceDateEpoch' | 'reproducible' | 'rewriteTimestamp'>,
  rewriteOutput: boolean,
  host: Host,
): { readonly dating?: Dating } {
  const given = keyValues(flags.buildArg, host.env)[epochArgument]
  const sources = [
    ['--source-date-epoch', flags.sourceDateEpoch],
    [`--build-arg ${epochArgument}`, given],
    [`the environment variable ${epochArgument}`, given === undefined ? host.env[epochArgument] : undefined],
  ] as const
  const found = sources.find(([name, value]) => value !== undefined && (value !== '' || name.startsWith('--source')))
  const seconds = found?.[1] === undefined ? undefined : parseSeconds(found[0], found[1])
  const reproducible = flags.reproducible === true
  const rewriteTimestamp = flags.rewriteTimestamp === true || rewriteOutput
  if (seconds === undefined && !reproducible) {
    if (!rewriteTimestamp) return {}
    throw new ToolError('usage', 'file times are to be rewritten, but to what is not said', {
      hint: 'add --source-date-epoch SECONDS, or use --reproducible, which finds a time by itself',
    })
  }
  return { dating: { reproducible, rewriteTimestamp, ...(seconds === undefined ? {} : { seconds }) } }
}

function parseSeconds(source: string, text: string): number {
  const seconds = Number(text)
  if (/^\d+$/.test(text) && seconds <= lastSecond) return seconds
  throw new ToolError('usage', `${source} is "${text}", which is no time`, {
    hint: 'expected whole seconds since 1970, as `date +%s` or `git log -1 --format=%ct` print them',
  })
}
