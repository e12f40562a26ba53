/** One line of /etc/passwd: passwd(5). */
export interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** Home directory; empty when the line has none. */
  readonly home: string
}

/** One line of /etc/group: group(5). */
export interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/** Numeric identity of a process. */
export interface ResolvedUser {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups without repeats, the primary group first (CVE-2022-2989). */
  readonly groups: readonly number[]
  /** Home directory from passwd, `/` when there is none. */
  readonly home: string
}

/** Numeric owner of files. */
export interface FileOwner {
  readonly uid: number
  readonly gid: number
}

/** (uid_t)-1 means "no change" to the kernel, so it names nobody. */
const highestId = 0xffff_fffe

/** A user or group id in decimal digits, or undefined when `text` is not one (a name, or above 2^32 - 2). */
export function parseId(text: string): number | undefined {
  if (!/^[0-9]{1,10}$/.test(text)) return undefined
  const id = Number(text)
  return id <= highestId ? id : undefined
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** Reads /etc/passwd text. Lines without a name and numeric ids are skipped, as the C library skips them. */
export function parsePasswd(text: string): PasswdEntry[] {
  const entries: PasswdEntry[] = []
  for (const line of lines(text)) {
    const [name = '', , uidText = '', gidText = '', , home = ''] = line.split(':')
    const uid = parseId(uidText)
    const gid = parseId(gidText)
    if (name !== '' && uid !== undefined && gid !== undefined) entries.push({ name, uid, gid, home })
  }
  return entries
}

/** Reads /etc/group text; broken lines are skipped. */
export function parseGroup(text: string): GroupEntry[] {
  const entries: GroupEntry[] = []
  for (const line of lines(text)) {
    const [name = '', , gidText = '', members = ''] = line.split(':')
    const gid = parseId(gidText)
    if (name === '' || gid === undefined) continue
    entries.push({ name, gid, members: members.split(',').filter((member) => member !== '') })
  }
  return entries
}

function splitUser(text: string): readonly [user: string, group: string] {
  const colon = text.indexOf(':')
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
}

function groupId(text: string, groups: readonly GroupEntry[]): number | undefined {
  return parseId(text) ?? groups.find((group) => group.name === text)?.gid
}

/**
 * Who `user[:group]` is, as USER and `run --user` mean it: digits are always ids; a uid without passwd entry has gid
 * 0; a user alone brings the supplementary groups, `user:group` only that group; empty is root. The name `root` needs
 * no passwd entry. Undefined when a name is unknown.
 */
export function resolveUser(
  text: string,
  passwd: readonly PasswdEntry[],
  groups: readonly GroupEntry[],
): ResolvedUser | undefined {
  const [userText, groupText] = splitUser(text)
  const wanted = userText === '' ? 0 : parseId(userText)
  const entry = passwd.find((line) => (wanted === undefined ? line.name === userText : line.uid === wanted))
  const uid = entry?.uid ?? wanted ?? (userText === 'root' ? 0 : undefined)
  if (uid === undefined) return undefined
  const home = entry === undefined || entry.home === '' ? '/' : entry.home
  if (groupText !== '') {
    const gid = groupId(groupText, groups)
    return gid === undefined ? undefined : { uid, gid, groups: [gid], home }
  }
  const gid = entry?.gid ?? 0
  const member = entry === undefined ? [] : groups.filter((group) => group.members.includes(entry.name))
  return { uid, gid, groups: [...new Set([gid, ...member.map((group) => group.gid)])], home }
}

/**
 * Owner that `user[:group]` of --chown names: a number `n` alone means `n:n`, a name alone brings its primary group,
 * `root` needs no passwd entry, and an empty user is 0. Undefined when a name is unknown (BuildKit takes 0:0 then).
 */
export function resolveFileOwner(
  text: string,
  passwd: readonly PasswdEntry[],
  groups: readonly GroupEntry[],
): FileOwner | undefined {
  const [userText, groupText] = splitUser(text)
  const id = userText === '' || userText === 'root' ? 0 : parseId(userText)
  const entry = id === undefined ? passwd.find((line) => line.name === userText) : undefined
  const uid = id ?? entry?.uid
  if (uid === undefined) return undefined
  const gid = groupText === '' ? (entry?.gid ?? uid) : groupText === 'root' ? 0 : groupId(groupText, groups)
  return gid === undefined ? undefined : { uid, gid }
}
