import { parseDiffId, ToolError } from '../base/index.ts'
import { count, type Decoder, fieldsOf, flag, integer, listOf, mapOf, text } from '../oci/index.ts'
import { present } from '../oci/present.ts'
import type {
  ContainerSpec,
  LimitsSpec,
  LogSpec,
  MountSpec,
  NetworkSpec,
  PortSpec,
  RestartPolicy,
  SecuritySpec,
} from './container-spec.ts'

/** Decodes a container's `spec.json`. Throws `ToolError` `invalid-document` that names the JSON path. */
export const decodeSpec: Decoder<ContainerSpec> = (value, place) => {
  const fields = fieldsOf(value, place)
  const strings = (key: string): readonly string[] => fields.required(key, listOf(text))
  return present({
    id: fields.required('id', text),
    created: fields.required('created', text),
    image: fields.required('image', image),
    layers: strings('layers').map(parseDiffId),
    isolation: fields.optional('isolation', oneOf('crun', 'runc', 'builtin')),
    args: strings('args'),
    entrypoint: strings('entrypoint'),
    env: strings('env'),
    cwd: fields.required('cwd', text),
    user: fields.required('user', text),
    terminal: fields.required('terminal', flag),
    openStdin: fields.required('openStdin', flag),
    stdinOnce: fields.required('stdinOnce', flag),
    hostname: fields.required('hostname', text),
    domainname: fields.required('domainname', text),
    labels: fields.required('labels', mapOf(text)),
    exposedPorts: strings('exposedPorts'),
    mounts: fields.required('mounts', listOf(mount)),
    network: fields.required('network', network),
    limits: fields.required('limits', limits),
    security: fields.required('security', security),
    restart: fields.required('restart', restart),
    autoRemove: fields.required('autoRemove', flag),
    init: fields.required('init', flag),
    stopSignal: fields.required('stopSignal', text),
    stopTimeoutSeconds: fields.required('stopTimeoutSeconds', integer),
    healthcheck: fields.optional('healthcheck', healthcheck),
    log: fields.required('log', log),
  })
}

/** A decoder of one of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Decoder<T> {
  return (value, place) => {
    const found = words.find((word) => word === text(value, place))
    if (found !== undefined) return found
    throw new ToolError('invalid-document', `invalid ${place.document}: ${place.path} is ${JSON.stringify(value)}`, {
      hint: `expected one of ${words.join(', ')}`,
    })
  }
}

/** A word, or `container:ID`. */
function namespaceMode<T extends string>(words: Decoder<T>): Decoder<T | `container:${string}`> {
  return (value, place) => {
    const [, container] = /^container:(.+)$/.exec(text(value, place)) ?? []
    return container === undefined ? words(value, place) : `container:${container}`
  }
}

const number: Decoder<number> = (value, place) => (typeof value === 'number' ? value : integer(value, place))

const image: Decoder<ContainerSpec['image']> = (value, place) => {
  const fields = fieldsOf(value, place)
  return { id: fields.required('id', text), reference: fields.required('reference', text) }
}

const mount: Decoder<MountSpec> = (value, place) => {
  const fields = fieldsOf(value, place)
  const target = fields.required('target', text)
  const kind = fields.required('kind', oneOf('bind', 'volume', 'tmpfs'))
  switch (kind) {
    case 'bind':
      return { kind, source: fields.required('source', text), target, readonly: fields.required('readonly', flag) }
    case 'volume':
      return {
        ...{ kind, name: fields.required('name', text), target, readonly: fields.required('readonly', flag) },
        anonymous: fields.required('anonymous', flag),
        copy: fields.required('copy', flag),
      }
    case 'tmpfs':
      return present({
        ...{ kind, target },
        sizeBytes: fields.optional('sizeBytes', count),
        mode: fields.optional('mode', count),
      })
  }
}

/** Decodes a published port. */
export const port: Decoder<PortSpec> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    hostIp: fields.required('hostIp', text),
    hostPort: fields.required('hostPort', count),
    containerPort: fields.required('containerPort', count),
    protocol: fields.required('protocol', oneOf('tcp', 'udp')),
  }
}

const network: Decoder<NetworkSpec> = (value, place) => {
  const fields = fieldsOf(value, place)
  const strings = (key: string): readonly string[] => fields.required(key, listOf(text))
  return present({
    mode: fields.required('mode', text),
    ports: fields.required('ports', listOf(port)),
    aliases: strings('aliases'),
    addHosts: strings('addHosts'),
    dns: strings('dns'),
    dnsSearch: strings('dnsSearch'),
    dnsOptions: strings('dnsOptions'),
    address: fields.optional('address', text),
  })
}

const limits: Decoder<LimitsSpec> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    memoryBytes: fields.optional('memoryBytes', count),
    memorySwapBytes: fields.optional('memorySwapBytes', integer),
    cpus: fields.optional('cpus', number),
    cpuShares: fields.optional('cpuShares', count),
    cpusetCpus: fields.optional('cpusetCpus', text),
    cpusetMems: fields.optional('cpusetMems', text),
    pids: fields.optional('pids', integer),
    shmSizeBytes: fields.optional('shmSizeBytes', count),
    ulimits: fields.required('ulimits', listOf(text)),
  })
}

const security: Decoder<SecuritySpec> = (value, place) => {
  const fields = fieldsOf(value, place)
  const strings = (key: string): readonly string[] => fields.required(key, listOf(text))
  return {
    privileged: fields.required('privileged', flag),
    capAdd: strings('capAdd'),
    capDrop: strings('capDrop'),
    noNewPrivileges: fields.required('noNewPrivileges', flag),
    seccomp: fields.required('seccomp', oneOf('default', 'unconfined')),
    groupAdd: strings('groupAdd'),
    devices: strings('devices'),
    sysctls: fields.required('sysctls', mapOf(text)),
    readonlyRoot: fields.required('readonlyRoot', flag),
    pid: fields.required('pid', namespaceMode(oneOf('private', 'host'))),
    ipc: fields.required('ipc', namespaceMode(oneOf('private', 'host', 'shareable'))),
  }
}

const restart: Decoder<RestartPolicy> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    name: fields.required('name', oneOf('no', 'on-failure', 'always', 'unless-stopped')),
    maximumRetries: fields.required('maximumRetries', count),
  }
}

const log: Decoder<LogSpec> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    driver: fields.required('driver', oneOf('json-file', 'none')),
    maxSizeBytes: fields.required('maxSizeBytes', count),
    maxFiles: fields.required('maxFiles', count),
  }
}

const healthcheck: Decoder<NonNullable<ContainerSpec['healthcheck']>> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    test: fields.required('test', listOf(text)),
    interval: fields.optional('interval', count),
    timeout: fields.optional('timeout', count),
    startPeriod: fields.optional('startPeriod', count),
    startInterval: fields.optional('startInterval', count),
    retries: fields.optional('retries', count),
  })
}
