import { readFileSync } from 'node:fs'
import { formatIpv4, type Subnet } from './ipv4.ts'

interface Route extends Subnet {
  readonly device: string
  readonly gateway: number
}

/** Subnets that this machine routes. The default route is none. */
export function routedSubnets(): readonly Subnet[] {
  return readRoutes().filter(({ prefixLength }) => prefixLength !== 0)
}

/** The machine's way out, or undefined. */
export function defaultRoute(): { readonly device: string; readonly gateway: string } | undefined {
  const route = readRoutes().find(({ prefixLength }) => prefixLength === 0)
  return route === undefined ? undefined : { device: route.device, gateway: formatIpv4(route.gateway) }
}

/** The lines of /proc/net/route; its numbers are in the byte order of the machine, which is that of all Node runs on. */
function readRoutes(): readonly Route[] {
  const number = (hex = ''): number => Buffer.from(hex, 'hex').readUInt32LE()
  return readFileSync('/proc/net/route', 'latin1')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .map((fields) => ({
      device: fields[0] ?? '',
      base: number(fields[1]),
      gateway: number(fields[2]),
      prefixLength: number(fields[7]).toString(2).replaceAll('0', '').length,
    }))
}
