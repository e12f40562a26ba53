/** A time as docker's tables show it whole: `2026-01-31 12:00:00 +0000 UTC`. `text` is RFC 3339; `N/A` for none. */
export function formatTime(text: string | undefined): string {
  const time = new Date(text ?? Number.NaN)
  if (Number.isNaN(time.getTime())) return 'N/A'
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`
}

/** How long before `nowMs` a time was, as docker's tables show it: `3 weeks ago`, `N/A` for none. `text` is RFC 3339. */
export function formatSince(text: string | undefined, nowMs: number): string {
  const timeMs = Date.parse(text ?? '')
  return Number.isNaN(timeMs) ? 'N/A' : `${formatAge(nowMs - timeMs)} ago`
}

/** How long ago something was, as docker words it: `Less than a second`, `5 minutes`, `About an hour`, `3 weeks`. */
export function formatAge(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.floor(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.round(seconds / 3600)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(hours / 24 / 365)} years`
}
