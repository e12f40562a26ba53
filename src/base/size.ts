import { ToolError } from './tool-error.ts'

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** Bytes of a size as docker's flags take it: a number, then perhaps b, k, m, g or t, with or without b. Throws `ToolError` `usage`. */
export function parseSize(text: string, flag: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text) ?? []
  const factor = units[unit.toLowerCase()]
  const size = digits === undefined || factor === undefined ? Number.NaN : Math.floor(Number(digits) * factor)
  if (Number.isSafeInteger(size)) return size
  throw new ToolError('usage', `cannot read ${flag} "${text}" as a size`, {
    hint: 'write a number and perhaps a unit: 512m, 2g',
  })
}
