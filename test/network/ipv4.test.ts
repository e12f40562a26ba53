import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  chooseSubnet,
  firstFree,
  formatIpv4,
  formatSubnet,
  overlaps,
  parseIpv4,
  parseSubnet,
} from '../../src/network/ipv4.ts'

test('addresses and their texts', () => {
  fc.assert(fc.property(fc.nat(0xffffffff), (number) => parseIpv4(formatIpv4(number)) === number))
  fc.assert(fc.property(fc.ipV4(), (text) => formatIpv4(parseIpv4(text) ?? 0) === text))
  for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d']) expect(parseIpv4(text)).toBeUndefined()
})

test('subnets', () => {
  expect(formatSubnet(parseSubnet('10.1.2.3/24') ?? { base: 0, prefixLength: 0 })).toBe('10.1.2.0/24')
  for (const text of ['10.1.2.3', '10.1.2.3/33', '10.1.2/24', '/24']) expect(parseSubnet(text)).toBeUndefined()
})

test('what is chosen overlaps nothing that is taken', () => {
  const subnet = fc.record({ base: fc.nat(0xffffffff), prefixLength: fc.integer({ min: 12, max: 30 }) })
  const aligned = subnet.map(({ base, prefixLength }) => parseSubnet(`${formatIpv4(base)}/${prefixLength}`))
  fc.assert(
    fc.property(fc.array(aligned), (list) => {
      const taken = list.filter((one) => one !== undefined)
      const chosen = chooseSubnet(taken)
      return chosen === undefined || !taken.some((other) => overlaps(other, chosen))
    }),
  )
  expect(chooseSubnet([{ base: 10 * 2 ** 24, prefixLength: 8 }])).toBeUndefined()
})

test('the first address is never the network, the last never the broadcast one', () => {
  const subnet = parseSubnet('10.0.0.0/30') ?? { base: 0, prefixLength: 0 }
  const [one, two] = [subnet.base + 1, subnet.base + 2]
  expect(firstFree(subnet, new Set())).toBe(one)
  expect(firstFree(subnet, new Set([one]))).toBe(two)
  expect(firstFree(subnet, new Set([one, two]))).toBeUndefined()
})
