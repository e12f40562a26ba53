import { ToolError } from '../base/index.ts'

/** A limit of each process (getrlimit(2)), under runtime-spec's name; -1 is no limit, which a runtime writes as 2^64 - 1. */
export interface Ulimit {
  readonly type: string
  readonly soft: number
  readonly hard: number
}

/** Names of `--ulimit`, as docker has them. */
const names: readonly string[] = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
  ...['rtprio', 'rttime', 'sigpending', 'stack'],
]

/** Parses `--ulimit NAME=SOFT[:HARD]`. Throws `ToolError` `usage`. */
export function parseUlimit(text: string): Ulimit {
  const bad = (why: string): ToolError =>
    new ToolError('usage', `cannot read --ulimit "${text}": ${why}`, {
      hint: 'expected NAME=SOFT[:HARD], for example nofile=1024:4096; -1 or unlimited is no limit',
    })
  const [, name = '', soft = '', hard = soft] = /^([a-z]+)=([^:]+)(?::([^:]+))?$/.exec(text) ?? []
  if (name === '') throw bad('it is not NAME=SOFT[:HARD]')
  if (!names.includes(name)) throw bad(`there is no limit "${name}"; there are ${names.join(', ')}`)
  const [softNumber, hardNumber] = [parseValue(soft, bad), parseValue(hard, bad)]
  if (hardNumber !== -1 && (softNumber === -1 || softNumber > hardNumber)) {
    throw bad(`the soft limit ${soft} is above the hard one, ${hard}`)
  }
  return { type: `RLIMIT_${name.toUpperCase()}`, soft: softNumber, hard: hardNumber }
}

function parseValue(text: string, bad: (why: string) => ToolError): number {
  if (text === '-1' || text === 'unlimited') return -1
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw bad(`"${text}" is not a number`)
}

/**
 * Why a limit cannot be given by a process whose own limits are those of `ownLimits`, the text of /proc/self/limits; undefined when it can.
 * Only CAP_SYS_RESOURCE raises hard limits.
 */
export function refusedUlimit(limit: Ulimit, ownLimits: string, maySetAny: boolean): string | undefined {
  if (maySetAny) return undefined
  const label = labels[limit.type]
  const [, hard] = label === undefined ? [] : (new RegExp(`^${label}\\s+\\S+\\s+(\\S+)`, 'm').exec(ownLimits) ?? [])
  if (hard === undefined || hard === 'unlimited') return undefined
  if (limit.hard !== -1 && limit.hard <= Number(hard)) return undefined
  const name = limit.type.slice('RLIMIT_'.length).toLowerCase()
  return `--ulimit ${name} cannot be above ${hard} here: this user may not raise it`
}

/** As /proc/PID/limits writes them. */
const labels: Readonly<Record<string, string>> = {
  RLIMIT_AS: 'Max address space',
  RLIMIT_CORE: 'Max core file size',
  RLIMIT_CPU: 'Max cpu time',
  RLIMIT_DATA: 'Max data size',
  RLIMIT_FSIZE: 'Max file size',
  RLIMIT_LOCKS: 'Max file locks',
  RLIMIT_MEMLOCK: 'Max locked memory',
  RLIMIT_MSGQUEUE: 'Max msgqueue size',
  RLIMIT_NICE: 'Max nice priority',
  RLIMIT_NOFILE: 'Max open files',
  RLIMIT_NPROC: 'Max processes',
  RLIMIT_RSS: 'Max resident set',
  RLIMIT_RTPRIO: 'Max realtime priority',
  RLIMIT_RTTIME: 'Max realtime timeout',
  RLIMIT_SIGPENDING: 'Max pending signals',
  RLIMIT_STACK: 'Max stack size',
}
