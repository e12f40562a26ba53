import { ToolError } from '../base/index.ts'
import type { RegistryAccess } from '../engine/registry-access.ts'
import { defaultRegistry } from '../oci/index.ts'
import type { KanikoValues } from './parse-kaniko.ts'

type Certificates = NonNullable<RegistryAccess['certificates']>

/** What kaniko's flags say about registries. `mirror` is the value of KANIKO_REGISTRY_MIRROR. Throws `ToolError` `usage`. */
export function kanikoAccess(values: KanikoValues, mirror: string | undefined): RegistryAccess {
  const all = (name: string): readonly string[] => values.get(name) ?? []
  const mirrors: Record<string, readonly string[]> = {}
  const hubMirrors = all('registry-mirror').length > 0 ? all('registry-mirror') : (mirror ?? '').split(',')
  const pairs = all('registry-map').flatMap((text) => text.split(';'))
  for (const [registry, location] of [
    ...hubMirrors.filter((text) => text !== '').map((text) => [defaultRegistry, text] as const),
    ...pairs.map((text) => pair('registry-map', text, 'REGISTRY=MIRROR')),
  ]) {
    const name = registry === 'index.docker.io' ? defaultRegistry : registry
    mirrors[name] = [...(mirrors[name] ?? []), location]
  }
  const insecureRegistries = [...all('insecure-registry'), ...all('skip-tls-verify-registry')]
  return {
    ...(Object.keys(mirrors).length === 0 ? {} : { mirrors }),
    ...(all('skip-default-registry-fallback').at(-1) === 'true' ? { onlyMirrors: true } : {}),
    ...(insecureRegistries.length === 0 ? {} : { insecureRegistries }),
    certificates: certificates(all('registry-certificate'), all('registry-client-cert')),
  }
}

function certificates(authorities: readonly string[], identities: readonly string[]): Certificates {
  const found: Record<string, Certificates[string]> = {}
  for (const text of authorities) {
    const [registry, authority] = pair('registry-certificate', text, 'REGISTRY=FILE')
    found[registry] = { ...found[registry], authority }
  }
  for (const text of identities) {
    const form = 'REGISTRY=CERTIFICATE,KEY'
    const [registry, files] = pair('registry-client-cert', text, form)
    const [cert = '', key = ''] = files.split(',')
    if (key === '') throw unreadable('registry-client-cert', text, form)
    found[registry] = { ...found[registry], identity: { cert, key } }
  }
  return found
}

function pair(flag: string, text: string, form: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
  throw unreadable(flag, text, form)
}

function unreadable(flag: string, text: string, form: string): ToolError {
  return new ToolError('usage', `--${flag} "${text}" cannot be read`, { hint: `write --${flag} ${form}` })
}
