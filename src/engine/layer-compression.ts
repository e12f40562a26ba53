import { ToolError } from '../base/index.ts'

/** How the layers of an image are compressed when they leave the store. */
export interface LayerCompressionChoice {
  readonly method: 'gzip' | 'zstd' | 'uncompressed'
  readonly level?: number
  /** Also layers that have a blob already, as they were pulled. */
  readonly force: boolean
}

/** What is done when nothing is said: gzip, which every registry and runtime takes; pulled layers stay as they came. */
export const defaultCompression: LayerCompressionChoice = { method: 'gzip', force: false }

const levels = { gzip: [0, 9], zstd: [1, 22] } as const

/**
 * Reads the values of `--compression` (or `compression=`), `--compression-level` and `--force-compression`. Throws
 * `ToolError` `usage` that says what is expected.
 */
export function parseCompression(
  method: string | undefined,
  level: string | undefined,
  force: boolean,
): LayerCompressionChoice {
  const chosen = method ?? 'gzip'
  if (chosen !== 'gzip' && chosen !== 'zstd' && chosen !== 'uncompressed') {
    throw new ToolError('usage', `there is no compression "${chosen.slice(0, 40)}"`, {
      hint: 'choose gzip, zstd or uncompressed',
    })
  }
  if (level === undefined) return { method: chosen, force }
  if (chosen === 'uncompressed') {
    throw new ToolError('usage', 'a compression level means nothing with uncompressed layers', {
      hint: 'leave the level out, or choose gzip or zstd',
    })
  }
  const [least, most] = levels[chosen]
  if (/^\d{1,2}$/.test(level) && Number(level) >= least && Number(level) <= most) {
    return { method: chosen, level: Number(level), force }
  }
  throw new ToolError('usage', `"${level.slice(0, 40)}" is no compression level of ${chosen}`, {
    hint: `choose a number from ${least} to ${most}`,
  })
}
