/** A block of IPv4 addresses: the first one as a number, and the length of its prefix. */
export interface Subnet {
  readonly base: number
  readonly prefixLength: number
}

/** The address as a number, or undefined when `text` is not a dotted quad. */
export function parseIpv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** Parses `10.1.2.0/24`; bits beyond the prefix are cleared. Undefined when it is not that. */
export function parseSubnet(text: string): Subnet | undefined {
  const [, address = '', bits = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? []
  const [number, prefixLength] = [parseIpv4(address), Number(bits)]
  if (number === undefined || bits === '' || prefixLength > 32) return undefined
  return { base: number - (number % sizeOf(prefixLength)), prefixLength }
}

export function formatSubnet({ base, prefixLength }: Subnet): string {
  return `${formatIpv4(base)}/${prefixLength}`
}

export function contains({ base, prefixLength }: Subnet, address: number): boolean {
  return address >= base && address < base + sizeOf(prefixLength)
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, b.base) || contains(b, a.base)
}

/** The first address of a subnet that hosts may have and is not `taken`, or undefined. The first and last are the network's. */
export function firstFree(subnet: Subnet, taken: ReadonlySet<number>): number | undefined {
  const end = subnet.base + sizeOf(subnet.prefixLength) - 1
  for (let address = subnet.base + 1; address < end; address += 1) if (!taken.has(address)) return address
  return undefined
}

/** The first /24 of 10.210.0.0/16 that overlaps none of `taken`, or undefined. */
export function chooseSubnet(taken: readonly Subnet[]): Subnet | undefined {
  const pool = 10 * 2 ** 24 + 210 * 2 ** 16
  for (let index = 0; index < 256; index += 1) {
    const subnet: Subnet = { base: pool + index * 256, prefixLength: 24 }
    if (!taken.some((other) => overlaps(other, subnet))) return subnet
  }
  return undefined
}

function sizeOf(prefixLength: number): number {
  return 2 ** (32 - prefixLength)
}
