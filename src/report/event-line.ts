/** What of an event is shown. */
export interface ShownEvent {
  readonly type: string
  readonly action: string
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  readonly timeMs: number
}

/**
 * An event as docker prints it: `2026-01-31T12:00:00.123000000+01:00 container start ID (image=…, name=…)`, in the time zone that is
 * `offsetMinutes` before UTC, as `Date.getTimezoneOffset` counts.
 */
export function eventLine({ type, action, id, attributes, timeMs }: ShownEvent, offsetMinutes: number): string {
  const pairs = sortedPairs(attributes).map(([key, value]) => `${key}=${value}`)
  const words = [localTime(timeMs, offsetMinutes), type, action, id]
  return `${words.join(' ')}${pairs.length === 0 ? '' : ` (${pairs.join(', ')})`}`
}

/** The fields of an event in templates and JSON, as docker's API has them, but for `timeNano`, which is no number of JSON's here. */
export function eventFields({ type, action, id, attributes, timeMs }: ShownEvent): {
  readonly [name: string]: string | number | { readonly [name: string]: string | { readonly [name: string]: string } }
} {
  return {
    ...(type === 'container' || type === 'image' ? { status: action, id } : {}),
    ...(type === 'container' ? { from: attributes['image'] ?? '' } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: Object.fromEntries(sortedPairs(attributes)) },
    scope: 'local',
    time: Math.floor(timeMs / 1000),
  }
}

/** An event as a line of JSON. */
export function eventJson(event: ShownEvent): string {
  const text = JSON.stringify(eventFields(event))
  return `${text.slice(0, -1)},"timeNano":${nanoseconds(event.timeMs)}}`
}

/** The fields that templates see: docker's Go names. */
export function eventTemplateFields(event: ShownEvent): ReturnType<typeof eventFields> {
  const { type, action, id, attributes, timeMs } = event
  const from = type === 'container' ? (attributes['image'] ?? '') : ''
  return {
    ...{ Type: type, Action: action, Status: action, ID: id, From: from, Scope: 'local' },
    Actor: { ID: id, Attributes: Object.fromEntries(sortedPairs(attributes)) },
    Time: Math.floor(timeMs / 1000),
    TimeNano: nanoseconds(timeMs),
  }
}

function nanoseconds(timeMs: number): string {
  return `${Math.floor(timeMs)}000000`
}

function sortedPairs(attributes: ShownEvent['attributes']): readonly (readonly [string, string])[] {
  return Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))
}

function localTime(timeMs: number, offsetMinutes: number): string {
  const local = new Date(timeMs - offsetMinutes * 60_000).toISOString().replace('Z', '000000')
  if (offsetMinutes === 0) return `${local}Z`
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const minutes = Math.abs(offsetMinutes)
  return `${local}${offsetMinutes < 0 ? '+' : '-'}${two(minutes / 60)}:${two(minutes % 60)}`
}
