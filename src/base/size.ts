import { ToolError } from './tool-error.ts'

const binary: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }
const decimal: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/**
 * Bytes of a size as docker's flags take it: a number, then perhaps b, k, m, g or t, with or without b. Memory is counted in
 * powers of two (`binary`); space on disks in powers of ten (`decimal`), unless the unit has an i: `10GiB`. Throws `ToolError` `usage`.
 */
export function parseSize(text: string, flag: string, units: 'binary' | 'decimal' = 'binary'): number {
  const [, digits, unit = '', i] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:(i?)b)?$/i.exec(text) ?? []
  const table = units === 'decimal' && (i === undefined || i === '') ? decimal : binary
  const factor = table[unit.toLowerCase()]
  const size = digits === undefined || factor === undefined ? Number.NaN : Math.floor(Number(digits) * factor)
  if (Number.isSafeInteger(size)) return size
  throw new ToolError('usage', `cannot read ${flag} "${text}" as a size`, {
    hint:
      units === 'binary'
        ? 'write a number and perhaps a unit: 512m, 2g'
        : 'write a number with a unit: 512MB, 10GB, 2GiB',
  })
}
