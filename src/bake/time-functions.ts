import { type BakeFunction, define, type FunctionCall } from './function-call.ts'
import type { Value } from './value.ts'

/** Functions on moments, written as RFC 3339 has them. */
export const timeFunctions: readonly (readonly [string, BakeFunction])[] = [
  define('timestamp()', (call) => rfc3339(call.facts.nowMs, 0)),
  define('timeadd(timestamp, duration)', (call) => {
    const { ms, offsetMinutes } = moment(call, 0)
    return rfc3339(ms + durationMs(call, 1), offsetMinutes)
  }),
  define('formatdate(format, timestamp)', formatDate),
  define('unixtimestampparse(seconds)', unixTimestampParse),
]

interface Moment {
  readonly ms: number
  readonly offsetMinutes: number
}

function moment(call: FunctionCall, at: number): Moment {
  const text = call.text(at)
  const [, sign, hours = '0', minutes = '0'] =
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text) ?? []
  const ms = Date.parse(text)
  if (Number.isNaN(ms) || !/(?:Z|[+-]\d\d:\d\d)$/.test(text)) {
    throw call.failed(`"${text}" is no time such as 2026-03-01T12:00:00Z`, at)
  }
  return { ms, offsetMinutes: (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) }
}

function rfc3339(ms: number, offsetMinutes: number): string {
  const local = new Date(Math.floor(ms / 1000) * 1000 + offsetMinutes * 60_000).toISOString().slice(0, 19)
  return local + (offsetMinutes === 0 ? 'Z' : zone(offsetMinutes, ':'))
}

function zone(offsetMinutes: number, separator: string): string {
  const all = Math.abs(offsetMinutes)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(all / 60))}${separator}${two(all % 60)}`
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

function durationMs(call: FunctionCall, at: number): number {
  const text = call.text(at)
  const [, sign, parts = ''] = /^([-+]?)((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text) ?? []
  if (parts === '') throw call.failed(`"${text}" is no duration such as 1h30m or -10s`, at)
  const total = [...parts.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0),
    0,
  )
  return sign === '-' ? -total : total
}

const months = 'January February March April May June July August September October November December'.split(' ')
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

/** Letters stand for parts of the time, `'quoted'` text for itself (HCL's `formatdate`). */
function formatDate(call: FunctionCall): Value {
  const { ms, offsetMinutes } = moment(call, 1)
  const date = new Date(ms + offsetMinutes * 60_000)
  const parts = dateParts(date, offsetMinutes)
  return call.text(0).replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (run: string, text?: string) => {
    if (text !== undefined) return text.replaceAll("''", "'")
    const part = parts[run]
    if (part === undefined) throw call.failed(`"${run}" is no part of a time`)
    return part
  })
}

function dateParts(date: Date, offsetMinutes: number): Readonly<Record<string, string>> {
  const two = (part: number): string => String(part).padStart(2, '0')
  const [month, day, hour] = [date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()]
  const half = hour % 12 === 0 ? 12 : hour % 12
  const isUtc = offsetMinutes === 0
  return {
    YYYY: String(date.getUTCFullYear()).padStart(4, '0'),
    YY: two(date.getUTCFullYear() % 100),
    MMMM: months[month] ?? '',
    MMM: (months[month] ?? '').slice(0, 3),
    MM: two(month + 1),
    M: String(month + 1),
    DD: two(day),
    D: String(day),
    EEEE: days[date.getUTCDay()] ?? '',
    EEE: (days[date.getUTCDay()] ?? '').slice(0, 3),
    hh: two(hour),
    h: String(hour),
    HH: two(half),
    H: String(half),
    AA: hour < 12 ? 'AM' : 'PM',
    aa: hour < 12 ? 'am' : 'pm',
    mm: two(date.getUTCMinutes()),
    m: String(date.getUTCMinutes()),
    ss: two(date.getUTCSeconds()),
    s: String(date.getUTCSeconds()),
    ZZZZZ: zone(offsetMinutes, ':'),
    ZZZZ: zone(offsetMinutes, ''),
    ZZZ: isUtc ? 'UTC' : zone(offsetMinutes, ''),
    Z: isUtc ? 'Z' : zone(offsetMinutes, ':'),
  }
}

/** The parts of a moment given in seconds. */
function unixTimestampParse(call: FunctionCall): Value {
  const seconds = call.whole(0)
  const date = new Date(seconds * 1000)
  const first = Date.UTC(date.getUTCFullYear(), 0, 1)
  const yearDay =
    Math.floor((Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - first) / 86_400_000) + 1
  const week = isoWeek(date)
  return new Map<string, Value>([
    ['year', date.getUTCFullYear()],
    ['year_day', yearDay],
    ['day', date.getUTCDate()],
    ['month', date.getUTCMonth() + 1],
    ['month_name', months[date.getUTCMonth()] ?? ''],
    ['weekday', date.getUTCDay()],
    ['weekday_name', days[date.getUTCDay()] ?? ''],
    ['hour', date.getUTCHours()],
    ['minute', date.getUTCMinutes()],
    ['second', date.getUTCSeconds()],
    ['rfc3339', rfc3339(seconds * 1000, 0)],
    ['iso_year', week.year],
    ['iso_week', week.week],
  ])
}

/** The week that the Thursday of its week is in, as ISO 8601 counts. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()))
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7))
  const year = thursday.getUTCFullYear()
  return { year, week: Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7) }
}
