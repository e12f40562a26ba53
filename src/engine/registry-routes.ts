import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorMessage, ToolError } from '../base/index.ts'
import type { HostTrust } from '../http/index.ts'
import type { Routes } from '../registry/index.ts'
import type { RegistryAccess } from './registry-access.ts'

type RoutesSettings = Pick<RegistryAccess, 'mirrors' | 'onlyMirrors' | 'insecureRegistries'>

/** The routes of configuration files, with the mirrors and insecure registries of a command in front of them. */
export function givenRoutes(
  files: Routes,
  { mirrors = {}, onlyMirrors, insecureRegistries = [] }: RoutesSettings,
): Routes {
  const insecure = new Set(insecureRegistries)
  return (reference, purpose) => {
    const own = files(reference, purpose).map((route) =>
      insecure.has(route.reference.registry) ? { ...route, insecure: true } : route,
    )
    const locations = purpose === 'pull' ? (mirrors[reference.registry] ?? []) : []
    const others = locations.map((location) => {
      const [registry = '', ...folders] = location.replace(/\/+$/, '').split('/')
      const repository = [...folders, reference.repository].join('/')
      return { reference: { ...reference, registry, repository }, insecure: insecure.has(registry) }
    })
    return onlyMirrors === true && others.length > 0 ? others : [...others, ...own]
  }
}

/** The certificates that a command names for a host. Throws `ToolError` `usage` when a file cannot be read. */
export function givenTrust(
  certificates: RegistryAccess['certificates'],
  host: string,
  cwd: string,
): HostTrust | undefined {
  const found = certificates?.[host]
  if (found === undefined) return undefined
  const { authority, identity } = found
  const read = (path: string): string => readCertificate(resolve(cwd, path))
  return {
    ca: authority === undefined ? [] : [read(authority)],
    ...(identity === undefined ? {} : { identity: { cert: read(identity.cert), key: read(identity.key) } }),
  }
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ToolError('usage', `cannot read the certificate ${path}: ${errorMessage(error)}`, {
      hint: 'correct the path, or the rights of the file',
      cause: error,
    })
  }
}
