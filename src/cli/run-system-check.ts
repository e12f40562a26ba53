import { checkStore } from '../engine/check-store.ts'
import { exitCodes } from './exit-codes.ts'
import type { SystemCheckFlags } from './flags.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore system check`; returns the exit code: 1 when damage was found and is still there. */
export async function runSystemCheck(flags: SystemCheckFlags, root: string | undefined): Promise<number> {
  const repair = flags.repair === true
  const request = { repair, quick: flags.quick === true, ...(root === undefined ? {} : { root }) }
  const { findings, checked } = await checkStore(request, processHost())
  if (flags.format === 'json') process.stdout.write(`${JSON.stringify({ findings, checked }, null, 2)}\n`)
  else {
    const { images, layers, blobs } = checked
    for (const { message, repaired } of findings) process.stdout.write(`${message}${repaired ? ' (removed)' : ''}\n`)
    process.stdout.write(`Checked ${images} images, ${layers} layers, ${blobs} blobs: ${summary(findings.length)}\n`)
    if (findings.length > 0 && !repair) {
      process.stderr.write(
        '`longshore system check --repair` removes what is damaged, so that it is made or fetched again.\n',
      )
    }
  }
  return findings.some(({ repaired }) => !repaired) ? exitCodes.stepFailed : exitCodes.done
}

function summary(count: number): string {
  if (count === 0) return 'all is well'
  return count === 1 ? '1 is damaged' : `${count} are damaged`
}
