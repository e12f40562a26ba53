import { isIP } from 'node:net'

/** A URL's hostname without the brackets of an IPv6 literal, in lower case. */
export function bareHostname(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
}

/** Whether a hostname means this machine: `localhost`, 127.0.0.0/8, `::1`. */
export function isLoopback(hostname: string): boolean {
  const host = embeddedIpv4(bareHostname(hostname))
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  )
}

/** Whether a hostname is a literal address that only means something near the machine that uses it (RFC 1918, 3927, 4193, 6598). */
export function isPrivateAddress(hostname: string): boolean {
  const host = embeddedIpv4(bareHostname(hostname))
  if (isIP(host) === 4) {
    return /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(
      host,
    )
  }
  return isIP(host) === 6 && (host === '::' || host === '::1' || /^f(?:[cd][0-9a-f]{2}|e[89ab][0-9a-f]):/.test(host))
}

/** Whether an address is link-local, where clouds serve credentials to anyone who asks. */
export function isLinkLocal(hostname: string): boolean {
  const host = embeddedIpv4(bareHostname(hostname))
  return (isIP(host) === 4 && host.startsWith('169.254.')) || (isIP(host) === 6 && /^fe[89ab][0-9a-f]:/.test(host))
}

/** `::ffff:7f00:1`, as the URL parser writes an IPv4 address inside IPv6, back as dotted. */
function embeddedIpv4(host: string): string {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host)
  if (match === null) return host
  const value = Number.parseInt(match[1] ?? '', 16) * 65536 + Number.parseInt(match[2] ?? '', 16)
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}

/** Why a download may not be redirected from `from` to `to`; undefined when it may. `first` is where it began. */
export function redirectObjection(to: URL, from: URL, first: URL, insecure: boolean): string | undefined {
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return `it leads to a ${to.protocol} address`
  if (to.protocol === 'http:' && from.protocol === 'https:' && !insecure) return 'it leads from https to http'
  if (bareHostname(to.hostname) === bareHostname(first.hostname)) return undefined
  if (isLoopback(to.hostname) && !isLoopback(first.hostname)) return 'it leads to this machine'
  return isLinkLocal(to.hostname) ? 'it leads to a link-local address' : undefined
}
