import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { AgentSources } from '../engine/agent-sources.ts'
import type { Host } from '../engine/host.ts'
import type { SecretSource, Secrets } from '../engine/secrets.ts'

/** What flags are read with. */
type Surroundings = Pick<Host, 'cwd' | 'env'>

/**
 * Reads `--secret id=ID[,src=FILE|,env=NAME]`. With an id alone it is the environment variable of that name when there
 * is one, else the file, as buildx has it. Values stay where they are. Throws `ToolError` `usage`.
 */
export function parseSecrets(specs: readonly string[], host: Surroundings): Secrets {
  return Object.fromEntries(specs.map((spec) => parseSecret(spec, host)))
}

function parseSecret(spec: string, host: Surroundings): readonly [id: string, source: SecretSource] {
  const wrong = (reason: string): ToolError =>
    new ToolError('usage', `--secret ${spec}: ${reason}`, {
      hint: 'write --secret id=ID,src=FILE or --secret id=ID,env=NAME',
    })
  const fields = new Map<string, string>()
  for (const field of spec.split(',')) {
    const equals = field.indexOf('=')
    const key = field.slice(0, Math.max(0, equals)).toLowerCase()
    const name = key === 'source' ? 'src' : key
    if (!['id', 'src', 'env', 'type'].includes(name)) throw wrong(`unexpected "${field}"`)
    fields.set(name, field.slice(equals + 1))
  }
  const [id, src, env, type] = ['id', 'src', 'env', 'type'].map((name) => fields.get(name))
  if (!id) throw wrong('the id is missing')
  if (src !== undefined && env !== undefined) throw wrong('src and env exclude each other')
  if (type !== undefined && type !== 'file' && type !== 'env') throw wrong(`unknown type "${type}"`)
  // `type=env,src=NAME` is an older way to write env.
  const variable = env ?? (type === 'env' ? (src ?? id) : undefined)
  if (variable !== undefined) return [id, { kind: 'env', name: variable }]
  if (src === undefined && type === undefined && host.env[id] !== undefined) return [id, { kind: 'env', name: id }]
  const file = src ?? id
  const path = isAbsolute(file) ? file : join(host.cwd, file)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw wrong(`"${file}" is no file`)
  return [id, { kind: 'file', path }]
}

/** Reads `--ssh default` and `--ssh ID=PATH[,PATH]`; paths are looked at when a step needs them. Throws `ToolError` `usage`. */
export function parseAgents(specs: readonly string[], host: Surroundings): AgentSources {
  return Object.fromEntries(
    specs.map((spec) => {
      const equals = spec.indexOf('=')
      const id = equals < 0 ? spec : spec.slice(0, equals)
      const paths =
        equals < 0
          ? []
          : spec
              .slice(equals + 1)
              .split(',')
              .filter((path) => path !== '')
      if (id === '') {
        throw new ToolError('usage', `--ssh ${spec}: the id is missing`, {
          hint: 'write --ssh default, or --ssh ID=PATH',
        })
      }
      return [id, paths.map((path) => (isAbsolute(path) ? path : join(host.cwd, path)))]
    }),
  )
}

const rights = ['network.host', 'security.insecure']

/** Reads `--allow`. The host's network needs no permission here, so that right is taken and changes nothing. */
export function parseAllowed(names: readonly string[]): ReadonlySet<string> {
  const unknown = names.find((name) => !rights.includes(name))
  if (unknown === undefined) return new Set(names)
  throw new ToolError('usage', `--allow ${unknown}: there is no such right`, {
    hint: `write one of ${rights.join(', ')}`,
  })
}
