import { networkModes } from '../../grammar/index.ts'
import { nearest, replacing } from '../base/index.ts'
import type { Flag } from './ast.ts'
import { parseDuration } from './go-duration.ts'
import type { InstructionText } from './instruction-text.ts'

/** A check that is too frequent helps nobody: docker's own lower bound. */
const shortestNanoseconds = 1e6

/** Checks HEALTHCHECK's durations (0 or at least 1 ms) and retries; false after reporting the first that is wrong. */
export function checkHealthFlags(at: InstructionText, flags: readonly Flag<'healthcheck'>[]): boolean {
  for (const { name, value, valueSpan } of flags) {
    // `--interval=` is the default, as if it was not there.
    if (value === '') continue
    const fail = (code: string, message: string, hint: string, meant?: string): false => {
      const fix = meant === undefined ? undefined : replacing(valueSpan, meant)
      at.problems.error(code, message, valueSpan, { hint, fix })
      return false
    }
    if (name === 'retries') {
      if (/^\+?\d{1,9}$/.test(value)) continue
      return fail('invalid-retries', `--retries must be a number from 0 on, not "${value}"`, 'write e.g. --retries=3')
    }
    const nanoseconds = parseDuration(value)
    if (nanoseconds === undefined) {
      const meant = intendedDuration(value)
      const why = /^\d+$/.test(value) ? 'a unit is missing: ' : ''
      const hint = `${why}write ${meant ?? 'e.g. 30s, 1m30s or 500ms'}`
      return fail('invalid-duration', `invalid duration "${value}" of --${name}`, hint, meant)
    }
    if (nanoseconds !== 0 && nanoseconds < shortestNanoseconds) {
      const message = `Interval "${name}" cannot be less than 1ms, found ${value}`
      return fail('invalid-duration', message, 'write 1ms or more, or 0 for the default')
    }
  }
  return true
}

/** Units people write for those of Go. */
const otherUnits: Readonly<Record<string, string>> = {
  '': 's',
  sec: 's',
  secs: 's',
  min: 'm',
  mins: 'm',
  hr: 'h',
  hrs: 'h',
}

/** The duration that a number without a unit, or with one in another spelling, means. */
function intendedDuration(value: string): string | undefined {
  const [, amount, unit] = /^(\d+)([a-z]*)$/i.exec(value) ?? []
  if (amount === undefined || unit === undefined) return undefined
  const lower = unit.toLowerCase()
  const singular = lower.replace(/^(second|minute|hour)s?$/, (_, word: string) => word.charAt(0))
  const meant = `${amount}${Object.hasOwn(otherUnits, lower) ? otherUnits[lower] : singular}`
  const nanoseconds = parseDuration(meant)
  return nanoseconds === undefined || nanoseconds < shortestNanoseconds ? undefined : meant
}

/** Checks RUN's --network and --security; false after reporting. Their values are not expanded. */
export function checkRunFlags(at: InstructionText, flags: readonly Flag<'run'>[]): boolean {
  for (const { name, value, valueSpan } of flags) {
    const allowed: readonly string[] =
      name === 'network' ? networkModes : name === 'security' ? ['sandbox', 'insecure'] : [value]
    if (allowed.includes(value)) continue
    const guess = nearest(value, allowed)
    const message = `invalid value "${value}" of --${name}${guess === undefined ? '' : ` (did you mean ${guess}?)`}`
    at.problems.error('invalid-flag-value', message, valueSpan, {
      hint: `write one of ${allowed.join(', ')}`,
      fix: guess === undefined ? undefined : replacing(valueSpan, guess),
    })
    return false
  }
  return true
}
