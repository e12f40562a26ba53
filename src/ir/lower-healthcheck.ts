import type { HealthcheckInstruction } from '../dockerfile/index.ts'
import { parseDuration } from '../dockerfile/index.ts'
import type { Healthcheck } from '../oci/index.ts'
import { goDuration, goQuote, goQuoteList, goQuoteNumber } from './go-format.ts'
import type { StageState } from './stage-state.ts'

/** Lowers HEALTHCHECK; its flags were checked by the parser, its command is not expanded. Returns the history text. */
export function lowerHealthcheck(instruction: HealthcheckInstruction, state: StageState): string {
  // Beside NONE, flags mean nothing.
  const flags = instruction.command === undefined ? [] : instruction.flags
  const value = (name: (typeof flags)[number]['name']) => flags.find((flag) => flag.name === name)?.value
  const time = (name: Parameters<typeof value>[0]) => parseDuration(value(name) || '0') ?? 0
  const interval = time('interval')
  const timeout = time('timeout')
  const startPeriod = time('start-period')
  const startInterval = time('start-interval')
  const retries = Number(value('retries') ?? 0)
  const test = testOf(instruction)
  state.healthcheck = withoutZeros({ test, interval, timeout, startPeriod, startInterval, retries })
  const times = [interval, timeout, startPeriod, startInterval].map((time) => goQuote(goDuration(time)))
  return `HEALTHCHECK &{${[goQuoteList(test), ...times, goQuoteNumber(retries)].join(' ')}}`
}

function testOf({ command }: HealthcheckInstruction): string[] {
  if (command === undefined) return ['NONE']
  return command.kind === 'shell' ? ['CMD-SHELL', command.text] : ['CMD', ...command.args.map((word) => word.text)]
}

function withoutZeros(check: Required<Healthcheck>): Healthcheck {
  const { test, interval, timeout, startPeriod, startInterval, retries } = check
  return {
    test,
    ...(interval === 0 ? {} : { interval }),
    ...(timeout === 0 ? {} : { timeout }),
    ...(startPeriod === 0 ? {} : { startPeriod }),
    ...(startInterval === 0 ? {} : { startInterval }),
    ...(retries === 0 ? {} : { retries }),
  }
}
