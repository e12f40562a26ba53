import { ToolError } from '../base/index.ts'
import type { StepFailure } from '../build/index.ts'
import type { Host } from '../engine/host.ts'
import type { BuildFlags } from './flags.ts'
import { shellWord } from './shell-word.ts'

/** `--on-failure=shell` is for people. Throws `ToolError` `usage`. */
export function requireTerminal(): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return
  throw new ToolError('usage', '--on-failure=shell needs a terminal, but standard input or output is none', {
    hint: 'leave it out: the failed step is kept, and longshore debug opens a shell there later',
  })
}

/** Says how to look into failed steps that were kept, or opens a shell in the first. */
export async function lookInto(
  failures: readonly StepFailure[],
  flags: BuildFlags,
  host: Host,
  root: string | undefined,
): Promise<void> {
  const ids = failures.flatMap(({ error }) => error?.details['failedStep'] ?? [])
  const [id] = ids
  if (typeof id !== 'string' || flags.progress === 'rawjson') return
  // A root of the environment is there the next time, too.
  const command =
    root === undefined || root === host.env['LONGSHORE_ROOT'] ? 'longshore' : `longshore --root ${shellWord(root)}`
  process.stderr.write(
    `\nTo look around in a failed step: ${ids.map((one) => `${command} debug ${one}`).join(', or ')}\n`,
  )
  if (flags.onFailure !== 'shell') return
  const { openShell } = await import('./run-debug.ts')
  const { isolation } = flags
  await openShell(host, {
    id,
    terminal: true,
    ...(root === undefined ? {} : { root }),
    ...(isolation === undefined ? {} : { isolation }),
  })
}
