import { invalidArchive } from './archive-error.ts'

/** Encodes PAX records (`LENGTH key=value\n`, the length counting itself), sorted by key. Values are raw bytes. */
export function encodePaxRecords(records: ReadonlyMap<string, Uint8Array>): Buffer {
  const parts: Uint8Array[] = []
  for (const key of [...records.keys()].sort()) {
    const value = records.get(key) ?? new Uint8Array()
    const keyBytes = Buffer.from(key, 'utf8')
    const rest = keyBytes.length + value.length + 3
    let length = rest + String(rest).length
    if (String(length).length > String(rest).length) length++
    parts.push(Buffer.from(`${length} `), keyBytes, Buffer.from('='), value, Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}

/** A PAX time: seconds, and a fraction without trailing zeros when there is one. */
export function formatPaxTime(timeNs: bigint): string {
  const absolute = timeNs < 0n ? -timeNs : timeNs
  const seconds = `${timeNs < 0n ? '-' : ''}${absolute / 1_000_000_000n}`
  const fraction = (absolute % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? seconds : `${seconds}.${fraction}`
}

/** Nanoseconds of a PAX time; digits past the ninth are cut. Throws `archive-invalid`. */
export function parsePaxTime(text: string): bigint {
  const match = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(text)
  if (!match) throw invalidArchive(`"${text.slice(0, 50)}" is not a time of a PAX header`)
  const [, sign, seconds = '0', fraction = ''] = match
  const value = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return sign === '-' ? -value : value
}

/** A whole number of a PAX record, exact in a double. Throws `archive-invalid`. */
export function parsePaxNumber(key: string, text: string): number {
  const value = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw invalidArchive(`"${text.slice(0, 50)}" is not a number that the PAX record "${key}" may hold`)
  }
  return value
}

export interface PaxRecord {
  readonly key: string
  readonly value: Buffer
}

/** Splits the body of a PAX header into its records, in order; a record that breaks the format is `archive-invalid`. */
export function parsePaxRecords(body: Buffer): PaxRecord[] {
  const records: PaxRecord[] = []
  let at = 0
  while (at < body.length) {
    const space = body.indexOf(0x20, at)
    const lengthText = space < 0 || space - at > 8 ? '' : body.toString('latin1', at, space)
    const length = /^[0-9]+$/.test(lengthText) ? Number(lengthText) : 0
    const end = at + length
    const equals = body.indexOf(0x3d, space + 1)
    const keyFits = equals > space + 1 && equals < end - 1
    if (length === 0 || end > body.length || body[end - 1] !== 0x0a || !keyFits) {
      throw invalidArchive(`a record of a PAX header is malformed at byte ${at}`)
    }
    const key = body.toString('utf8', space + 1, equals)
    if (key.includes('\0')) throw invalidArchive('a key of a PAX header holds a NUL byte')
    records.push({ key, value: body.subarray(equals + 1, end - 1) })
    at = end
  }
  return records
}
