/**
 * Fields of one CSV line of `key=value`, as docker's flags have them: a field in double quotes may hold commas, `""` inside is
 * a quote; keys in lower case, but for those of which `keepsCase` is true. Throws what `refuse` makes of a part that has no key.
 */
export function csvFields(
  text: string,
  refuse: (part: string) => Error,
  keepsCase: (key: string) => boolean = () => false,
): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)) {
    const part = (match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim()
    if (part === '') continue
    const at = part.indexOf('=')
    if (at <= 0) throw refuse(part)
    const key = part.slice(0, at)
    fields.set(keepsCase(key) ? key : key.toLowerCase(), part.slice(at + 1))
  }
  return fields
}
