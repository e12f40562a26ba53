/**
 * The environment a container's process gets: `entries` in order, the last of a repeated name in the first one's
 * place, and HOME when it is missing. Entries that are no `NAME=value` are dropped, never looked up (CVE-2026-57231).
 */
export function containerEnv(entries: readonly string[], home: string): readonly string[] {
  const values = new Map<string, string>()
  for (const entry of entries) {
    const equals = entry.indexOf('=')
    if (equals > 0 && !entry.includes('\0')) values.set(entry.slice(0, equals), entry.slice(equals + 1))
  }
  if (!values.has('HOME')) values.set('HOME', home)
  return [...values].map(([name, value]) => `${name}=${value}`)
}

/** The value of variable `name`, or undefined. */
export function envValue(env: readonly string[], name: string): string | undefined {
  return env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)
}
