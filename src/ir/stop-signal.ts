import { nearest } from '../base/index.ts'

/** Linux's signal names without SIG, real-time ones aside. */
const names = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  ).split(' '),
)

/** Whether `text` is a signal by number (1-64) or by name, with or without SIG, in any case; `RTMIN+1` … `RTMAX-1` count. */
export function isSignal(text: string): boolean {
  if (/^\+?\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64
  const name = text.toUpperCase().replace(/^SIG/, '')
  const [, base, offset] = /^(RTMIN\+|RTMAX-)(\d{1,2})$/.exec(name) ?? []
  if (base === undefined) return names.has(name)
  return Number(offset) >= 1 && Number(offset) <= (base === 'RTMIN+' ? 15 : 14)
}

/** The signal whose name is nearest to `text`, with SIG in front. */
export function nearestSignal(text: string): string | undefined {
  const guess = nearest(text.replace(/^SIG_?/i, ''), names)
  return guess === undefined ? undefined : `SIG${guess}`
}
