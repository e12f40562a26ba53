import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode, ToolError } from '../base/index.ts'
import type { HostTrust } from '../http/index.ts'

/**
 * The certificates for a host as containers-certs.d(5) has them: `*.crt` are authorities, `NAME.cert` with `NAME.key` is who we
 * are. Looked for in `directory` when that is given, else in a folder named `host[:port]` of the user's certs.d, of
 * /etc/containers and of /etc/docker; the first that is there counts. Throws `ToolError` `usage`.
 */
export function certificatesFor(host: string, home: string, directory: string | undefined): HostTrust | undefined {
  const folders =
    directory === undefined
      ? [join(home, '.config/containers'), '/etc/containers', '/etc/docker'].map((base) => join(base, 'certs.d', host))
      : [directory]
  for (const folder of folders) {
    const names = list(folder, directory !== undefined)
    if (names !== undefined) return read(folder, names)
  }
  return undefined
}

function list(folder: string, mustExist: boolean): readonly string[] | undefined {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    const code = errnoCode(error)
    if (!mustExist && (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES')) return undefined
    throw unreadable(folder, error)
  }
}

function read(folder: string, names: readonly string[]): HostTrust {
  const text = (name: string): string => {
    try {
      return readFileSync(join(folder, name), 'utf8')
    } catch (error) {
      throw unreadable(join(folder, name), error)
    }
  }
  const cert = names.find((name) => name.endsWith('.cert'))
  const key = cert === undefined ? undefined : `${cert.slice(0, -'.cert'.length)}.key`
  if (cert !== undefined && (key === undefined || !names.includes(key))) {
    throw new ToolError('usage', `${join(folder, cert)} has no key beside it`, {
      hint: `put its key there as ${key ?? ''}`,
    })
  }
  return {
    ca: names.filter((name) => name.endsWith('.crt')).map(text),
    ...(cert === undefined || key === undefined ? {} : { identity: { cert: text(cert), key: text(key) } }),
  }
}

function unreadable(path: string, cause: unknown): ToolError {
  return new ToolError('usage', `cannot read the certificates in ${path} (${errnoCode(cause) ?? 'unknown error'})`, {
    hint: 'correct the path, or the rights of the folder',
    cause,
  })
}
