import { parseGroup, parseId, parsePasswd, type ResolvedUser, resolveUser, ToolError } from '../base/index.ts'
import type { ContainerRoot } from './container-root.ts'

/** No real passwd file is longer; a longer one is read up to here. */
const accountFileLimit = 16 * 1024 * 1024

/**
 * Who `user[:group]` is in the container: the image's own /etc/passwd and /etc/group decide, read as text inside the
 * root. Throws `ToolError` `user-not-found`.
 */
export function containerUser(root: ContainerRoot, text: string, groupAdd: readonly string[] = []): ResolvedUser {
  const passwd = parsePasswd(readText(root, '/etc/passwd'))
  const groups = parseGroup(readText(root, '/etc/group'))
  const user = resolveUser(text, passwd, groups)
  if (user !== undefined) {
    const added = groupAdd.map((group) => groupNumber(group, groups))
    return { ...user, groups: [...new Set([...user.groups, ...added])] }
  }
  throw new ToolError(
    'user-not-found',
    `the image's /etc/passwd and /etc/group do not know user ${JSON.stringify(text)}`,
    {
      hint: 'create the user in an earlier step (useradd, adduser), or give numbers, as in USER 1000:1000',
    },
  )
}

function groupNumber(text: string, groups: ReturnType<typeof parseGroup>): number {
  const gid = parseId(text) ?? groups.find(({ name }) => name === text)?.gid
  if (gid !== undefined) return gid
  throw new ToolError('user-not-found', `the image's /etc/group does not know group ${JSON.stringify(text)}`, {
    hint: 'give --group-add a number, or a group of the image',
  })
}

function readText(root: ContainerRoot, path: string): string {
  return Buffer.from(root.read(path, accountFileLimit) ?? []).toString('utf8')
}
