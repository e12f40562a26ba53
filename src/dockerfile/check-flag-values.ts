import { networkModes } from '../../grammar/index.ts'
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
    const fail = (code: string, message: string, hint: string): false => {
      at.problems.error(code, message, valueSpan, { hint })
      return false
    }
    if (name === 'retries') {
      if (/^\+?\d{1,9}$/.test(value)) continue
      return fail('invalid-retries', `--retries must be a number from 0 on, not "${value}"`, 'write e.g. --retries=3')
    }
    const nanoseconds = parseDuration(value)
    if (nanoseconds === undefined) {
      return fail('invalid-duration', `invalid duration "${value}" of --${name}`, 'write e.g. 30s, 1m30s or 500ms')
    }
    if (nanoseconds !== 0 && nanoseconds < shortestNanoseconds) {
      return fail('invalid-duration', `Interval "${name}" cannot be less than 1ms`, 'write 0 for the default')
    }
  }
  return true
}

/** Checks RUN's --network and --security; false after reporting. Their values are not expanded. */
export function checkRunFlags(at: InstructionText, flags: readonly Flag<'run'>[]): boolean {
  for (const { name, value, valueSpan } of flags) {
    const allowed: readonly string[] =
      name === 'network' ? networkModes : name === 'security' ? ['sandbox', 'insecure'] : [value]
    if (allowed.includes(value)) continue
    const message = `invalid value "${value}" of --${name}`
    at.problems.error('invalid-flag-value', message, valueSpan, { hint: `write one of ${allowed.join(', ')}` })
    return false
  }
  return true
}
