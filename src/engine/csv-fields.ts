/**
 * Fields of one CSV line of `key=value`, as docker's flags have them: a field in double quotes may hold commas, `""` inside is
 * a quote; keys in lower case. Throws what `refuse` makes of a part that has no key.
 */
export function csvFields(text: string, refuse: (part: string) => Error): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)) {
    const part = (match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim()
    if (part === '') continue
    const at = part.indexOf('=')
    if (at <= 0) throw refuse(part)
    fields.set(part.slice(0, at).toLowerCase(), part.slice(at + 1))
  }
  return fields
}
