import { resolve } from 'node:path'
import { ToolError } from '../base/index.ts'
import { parseCompression } from '../engine/layer-compression.ts'
import { pushReference } from '../engine/push-reference.ts'
import { plainReporter } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { PushFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { platformField } from './platform-field.ts'
import { processHost } from './process-host.ts'
import { registryAccess } from './registry-access-flags.ts'
import { writeResultFile } from './result-file.ts'

/** Runs `longshore push`; returns the exit code. */
export async function runPush(
  source: string,
  destination: string | undefined,
  flags: PushFlags,
  root: string | undefined,
): Promise<number> {
  const host = processHost()
  const { allTags = false, format, digestfile } = flags
  const request = {
    source,
    allTags,
    ...platformField(flags),
    access: registryAccess(flags),
    compression: parseCompression(flags.compression, flags.compressionLevel, flags.forceCompression === true),
    ...(destination === undefined ? {} : { destination }),
    ...(format === undefined ? {} : { format }),
    ...(root === undefined ? {} : { root }),
  }
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  const reporter = plainReporter((text) => process.stderr.write(text))
  try {
    const emit = flags.quiet === true ? () => undefined : reporter.report
    const pushed = await pushReference(request, host, emit, abort.signal)
    const digests = pushed.map(({ name, manifest }) =>
      allTags ? `${name} ${manifest.digest}\n` : `${manifest.digest}\n`,
    )
    const last = pushed.at(-1)
    if (digestfile !== undefined && last !== undefined) {
      writeResultFile('digestfile', resolve(host.cwd, digestfile), last.manifest.digest)
    }
    process.stdout.write(digests.join(''))
    return exitCodes.done
  } finally {
    restore()
  }
}
