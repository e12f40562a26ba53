import { ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import { importImage } from '../engine/import-image.ts'
import { parseCompression } from '../engine/layer-compression.ts'
import { loadImages } from '../engine/load-images.ts'
import { saveImages } from '../engine/save-images.ts'
import { plainReporter } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { ImportFlags, LoadFlags, SaveFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { platformField } from './platform-field.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore save`; returns the exit code. */
export async function runSave(images: readonly string[], flags: SaveFlags, root: string | undefined): Promise<number> {
  const { output, format, compression, compressionLevel, forceCompression = false } = flags
  if (output === '-' && (format === 'oci-dir' || format === 'docker-dir')) {
    throw new ToolError('usage', 'a directory cannot go to standard output', { hint: 'name one with --output DIR' })
  }
  if (output === '-' && process.stdout.isTTY) {
    throw new ToolError('usage', 'an archive cannot be written to a terminal', {
      hint: 'redirect standard output, or name a file with --output',
    })
  }
  const isChosen = compression !== undefined || compressionLevel !== undefined || forceCompression
  const request = {
    ...{ images, format, output },
    ...platformField(flags),
    ...(isChosen ? { compression: parseCompression(compression, compressionLevel, forceCompression) } : {}),
    ...(root === undefined ? {} : { root }),
  }
  await reported(flags.quiet === true, (emit, signal) => saveImages(request, processHost(), emit, signal))
  return exitCodes.done
}

/** Runs `longshore load`; returns the exit code. */
export async function runLoad(flags: LoadFlags, root: string | undefined): Promise<number> {
  const { input } = flags
  if (input === undefined && process.stdin.isTTY) {
    throw new ToolError('usage', 'there is no archive: standard input is a terminal', {
      hint: 'name one with --input FILE, or give it on standard input',
    })
  }
  const request = {
    keepNames: !flags.replace,
    ...(input === undefined || input === '-' ? {} : { input }),
    ...platformField(flags),
    ...(root === undefined ? {} : { root }),
  }
  const loaded = await reported(flags.quiet === true, (emit, signal) =>
    loadImages(request, processHost(), emit, signal),
  )
  for (const { id, names, replaced, kept } of loaded) {
    for (const { name, id: old } of replaced) process.stderr.write(`The name ${name} was taken from ${old}.\n`)
    for (const name of kept) process.stderr.write(`The name ${name} stays with another image.\n`)
    for (const name of names) process.stdout.write(`Loaded image: ${name}\n`)
    if (names.length === 0) process.stdout.write(`Loaded image ID: ${id}\n`)
  }
  return exitCodes.done
}

/** Runs `longshore import`; returns the exit code. */
export async function runImport(
  file: string,
  name: string | undefined,
  flags: ImportFlags,
  root: string | undefined,
): Promise<number> {
  const { message } = flags
  const request = {
    changes: flags.change,
    ...(file === '-' ? {} : { input: file }),
    ...(name === undefined ? {} : { name }),
    ...(message === undefined ? {} : { message }),
    ...platformField(flags),
    ...(root === undefined ? {} : { root }),
  }
  const id = await reported(flags.quiet === true, (emit, signal) => importImage(request, processHost(), emit, signal))
  process.stdout.write(`${id}\n`)
  return exitCodes.done
}

/** Runs what can be interrupted, with progress on stderr. */
async function reported<T>(quiet: boolean, action: (emit: EmitEvent, signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  const reporter = plainReporter((text) => process.stderr.write(text))
  try {
    return await action(quiet ? () => undefined : reporter.report, abort.signal)
  } finally {
    restore()
  }
}
