import { InvalidArgumentError } from 'commander'

/** Commander parser for a flag that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

/** Commander parser for a whole number of at least 1. */
export function positiveInteger(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('expected a whole number of at least 1.')
  return number
}

/**
 * `K=V` pairs as a record; a bare `K` takes its value from `env` and is left out when it is not set there, as docker
 * does. The last of a repeated key wins.
 */
export function keyValues(
  pairs: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const result: Record<string, string> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = at < 0 ? pair : pair.slice(0, at)
    const value = at < 0 ? env[key] : pair.slice(at + 1)
    if (value !== undefined) result[key] = value
  }
  return result
}

/** `NAME=VALUE` pairs as a record; a bare name has the empty value, which is for others to refuse. */
export function namedValues(pairs: readonly string[]): Record<string, string> {
  return keyValues(
    pairs.map((pair) => (pair.includes('=') ? pair : `${pair}=`)),
    {},
  )
}
