const unitNanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Parses a duration of Go's syntax (`1h30m`, `1.5s`, `-2ms`, `0`) into nanoseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, sign, body = ''] = /^([+-]?)(.*)$/.exec(text) ?? []
  if (body === '0') return 0
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined
  let total = 0
  for (const [, amount, unit = ''] of body.matchAll(/([\d.]+)([^\d.]+)/g)) {
    total += Number(amount) * (unitNanoseconds[unit] ?? 0)
  }
  return sign === '-' ? -Math.round(total) : Math.round(total)
}
