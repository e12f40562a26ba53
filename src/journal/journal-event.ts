/** Kinds of things that events are about, in docker's words. */
export const eventTypes = ['container', 'image', 'network', 'volume'] as const
export type EventType = (typeof eventTypes)[number]

/** Something that happened. Words and attributes are docker's. */
export interface JournalEvent {
  readonly type: EventType
  /** `start`, `die`, `exec_create: sh -c true`, `health_status: healthy` … */
  readonly action: string
  /** ID of a container, image or network; name of a volume. */
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  readonly timeMs: number
}

/** A line of the journal; undefined for one that was cut off by a kill or a full disk. */
export function parseEvent(line: string): JournalEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const { action, id, attributes, timeMs } = fields
  const type = eventTypes.find((one) => one === fields['type'])
  if (type === undefined || typeof action !== 'string' || typeof id !== 'string' || typeof timeMs !== 'number') {
    return undefined
  }
  return { type, action, id, timeMs, attributes: texts(attributes) }
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
