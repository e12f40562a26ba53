import { constants } from 'node:os'

/** First real-time signal of the C library (signal(7)): the two below are its own. */
const realTime = { first: 34, last: 64 }

/** Number of a signal by name (with or without SIG, any case, `RTMIN+3`) or number; undefined for anything else. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text)
    return number >= 1 && number <= realTime.last ? number : undefined
  }
  const name = text.toUpperCase().replace(/^SIG/, '')
  const [, base, offset] = /^(RTMIN|RTMAX)(?:[+-](\d{1,2}))?$/.exec(name) ?? []
  if (base !== undefined) {
    const number = base === 'RTMIN' ? realTime.first + Number(offset ?? 0) : realTime.last - Number(offset ?? 0)
    return number >= realTime.first && number <= realTime.last ? number : undefined
  }
  const found = Object.entries(constants.signals).find(([known]) => known === `SIG${name}`)
  return found?.[1]
}
