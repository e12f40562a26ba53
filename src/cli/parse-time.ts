import { ToolError } from '../base/index.ts'

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * A time as docker's flags take it: RFC 3339 (a date, a time without a zone for the machine's own), seconds since 1970, or how
 * long ago, as `1h30m`. Returns RFC 3339 in UTC with nanoseconds. Throws `ToolError` `usage`.
 */
export function parseTime(text: string, nowMs: number, flag: string): string {
  const [, seconds, fraction = ''] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (seconds !== undefined) return withNanoseconds(Number(seconds) * 1000, fraction)
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
    const agoMs = parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (units[unit] ?? 0), 0)
    return withNanoseconds(nowMs - agoMs, '')
  }
  const [, whole = '', digits = '', zone = ''] =
    /^(\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const timeMs = Date.parse(whole.includes('T') ? `${whole}${zone}` : `${whole}T00:00:00${zone}`)
  if (!Number.isNaN(timeMs)) return withNanoseconds(timeMs, digits)
  throw new ToolError('usage', `cannot read ${flag} "${text}" as a time`, {
    hint: 'write 2026-01-31T12:00:00Z, seconds since 1970, or how long ago: 10m',
  })
}

function withNanoseconds(timeMs: number, fraction: string): string {
  const text = new Date(timeMs).toISOString()
  return fraction === '' ? text : `${text.slice(0, 19)}.${fraction.padEnd(9, '0')}Z`
}
