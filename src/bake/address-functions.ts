import { type BakeFunction, define, type FunctionCall } from './function-call.ts'
import type { Value } from './value.ts'

/** Functions on networks, IPv4 and IPv6, written as `10.0.0.0/8`. */
export const addressFunctions: readonly (readonly [string, BakeFunction])[] = [
  define('cidrhost(prefix, host)', (call) => {
    const { base, bits, length } = network(call)
    const host = call.whole(1)
    const size = 1n << BigInt(bits - length)
    const offset = host < 0 ? size + BigInt(host) : BigInt(host)
    if (offset < 0n || offset >= size) throw call.failed(`the network has no host ${host}`, 1)
    return addressText(base + offset, bits)
  }),
  define('cidrnetmask(prefix)', (call) => {
    const { bits, length } = network(call)
    if (bits !== 32) throw call.failed('IPv6 has no netmasks')
    return addressText(mask(length, bits), bits)
  }),
  define('cidrsubnet(prefix, newbits, netnum)', (call) => subnet(call, network(call), call.whole(1), call.whole(2))),
  define('cidrsubnets(prefix, newbits...)', subnets),
]

interface Network {
  readonly base: bigint
  /** 32 or 128. */
  readonly bits: number
  readonly length: number
}

function mask(length: number, bits: number): bigint {
  return ((1n << BigInt(length)) - 1n) << BigInt(bits - length)
}

function network(call: FunctionCall): Network {
  const text = call.text(0)
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const bits = address.includes(':') ? 128 : 32
  const value = bits === 32 ? parseIpv4(address) : parseIpv6(address)
  const length = Number(digits)
  if (value === undefined || digits === '' || length > bits)
    throw call.failed(`"${text}" is no network such as 10.0.0.0/8`)
  return { base: value & mask(length, bits), bits, length }
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return parts.reduce((sum, part) => (sum << 8n) + BigInt(part), 0n)
}

function parseIpv6(text: string): bigint | undefined {
  const [head = '', tail, more] = text.split('::')
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const missing = 8 - front.length - back.length
  if (more !== undefined || (tail === undefined ? missing !== 0 : missing < 1)) return undefined
  const all = [...front, ...Array.from({ length: missing }, () => '0'), ...back]
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n)
}

function addressText(value: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16))
  const zeros = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].map(([run]) => run).sort((a, b) => b.length - a.length)
  const [longest] = zeros
  if (longest === undefined) return groups.join(':')
  const joined = groups.join(':')
  const at = joined.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`))
  return `${joined.slice(0, at).replace(/:$/, '')}::${joined.slice(at + longest.length).replace(/^:/, '')}`
}

function subnet(call: FunctionCall, of: Network, newBits: number, number: number): string {
  const length = of.length + newBits
  if (newBits < 0 || length > of.bits) throw call.failed(`a prefix of ${of.length} bits cannot grow by ${newBits}`, 1)
  if (number < 0 || BigInt(number) >= 1n << BigInt(newBits)) throw call.failed(`there is no subnet ${number}`, 2)
  return `${addressText(of.base + (BigInt(number) << BigInt(of.bits - length)), of.bits)}/${length}`
}

/** Subnets of the given sizes one after the other, each at the next place where it fits. */
function subnets(call: FunctionCall): Value {
  const of = network(call)
  let next = of.base
  const end = of.base + (1n << BigInt(of.bits - of.length))
  return call.args.slice(1).map((_, index) => {
    const newBits = call.whole(index + 1)
    const length = of.length + newBits
    if (newBits < 1 || length > of.bits)
      throw call.failed(`a prefix of ${of.length} bits cannot grow by ${newBits}`, index + 1)
    const size = 1n << BigInt(of.bits - length)
    const start = ((next + size - 1n) / size) * size
    if (start + size > end) throw call.failed(`there is no place left for a prefix of ${length} bits`, index + 1)
    next = start + size
    return `${addressText(start, of.bits)}/${length}`
  })
}
