import type { MountSpec } from '../container/index.ts'
import { decodeConfig } from '../oci/index.ts'
import type { ContainerRoom } from './container-room.ts'
import type { JsonValue } from './inspect-image.ts'
import { layerSize } from './list-containers.ts'
import { volumePath } from './volumes.ts'

/** What docker's `inspect` tells of a container. Throws `ToolError` `container-not-found`. */
export function inspectContainer(
  room: ContainerRoom,
  text: string,
  withSize = false,
): { readonly [name: string]: JsonValue } {
  const { containers } = room
  const id = containers.find(text)
  const spec = containers.spec(id)
  const { config, platform } = decodeConfig(containers.imageConfig(id))
  const [path = '', ...args] = spec.args
  const command = spec.args.slice(spec.entrypoint.length)
  const size = withSize ? layerSize(room, id) : undefined
  return {
    Id: id,
    Created: spec.created,
    Path: path,
    Args: args,
    State: stateOf(room, id),
    Image: spec.image.id,
    LogPath: spec.log.driver === 'none' ? '' : containers.path(id, 'log'),
    Name: `/${containers.names.all().get(id) ?? id.slice(0, 12)}`,
    RestartCount: containers.state(id).restartCount,
    Driver: 'overlay2',
    Platform: platform.os,
    HostConfig: hostConfig(room, id),
    GraphDriver: { Name: 'overlay2', Data: { UpperDir: containers.path(id, 'layer', 'fs') } },
    ...(size === undefined ? {} : { SizeRw: size }),
    Mounts: spec.mounts.map((mount) => mountJson(room, mount)),
    Config: {
      Hostname: spec.hostname,
      Domainname: spec.domainname,
      User: spec.user,
      AttachStdin: spec.stdinOnce,
      AttachStdout: true,
      AttachStderr: true,
      ExposedPorts: Object.fromEntries(spec.exposedPorts.map((port) => [port, {}])),
      Tty: spec.terminal,
      OpenStdin: spec.openStdin,
      StdinOnce: spec.stdinOnce,
      Env: [...spec.env],
      Cmd: [...command],
      Image: spec.image.reference,
      Volumes: Object.fromEntries((config.volumes ?? []).map((volume) => [volume, {}])),
      WorkingDir: spec.cwd,
      Entrypoint: spec.entrypoint.length === 0 ? null : [...spec.entrypoint],
      OnBuild: null,
      Labels: { ...spec.labels },
      StopSignal: spec.stopSignal,
      StopTimeout: spec.stopTimeoutSeconds,
      ...(spec.healthcheck === undefined ? {} : { Healthcheck: healthcheckJson(spec.healthcheck) }),
    },
    NetworkSettings: networkSettings(room, id),
  }
}

const neverTime = '0001-01-01T00:00:00Z'

function stateOf({ containers }: ContainerRoom, id: string): JsonValue {
  const state = containers.state(id)
  const { status, health } = state
  return {
    Status: status,
    Running: status === 'running' || status === 'paused' || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: false,
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt ?? neverTime,
    FinishedAt: state.finishedAt ?? neverTime,
    ...(health === undefined
      ? {}
      : {
          Health: {
            Status: health.status,
            FailingStreak: health.failingStreak,
            Log: health.log.map(({ start, end, exitCode, output }) => ({
              ...{ Start: start, End: end, ExitCode: exitCode, Output: output },
            })),
          },
        }),
  }
}

function hostConfig({ containers }: ContainerRoom, id: string): JsonValue {
  const { network, restart, autoRemove, security, limits, mounts, log, init } = containers.spec(id)
  return {
    Binds: mounts.flatMap((mount) => bindText(mount)),
    NetworkMode: network.mode,
    PortBindings: portMap(network.ports),
    RestartPolicy: { Name: restart.name, MaximumRetryCount: restart.maximumRetries },
    AutoRemove: autoRemove,
    LogConfig: { Type: log.driver, Config: { 'max-size': String(log.maxSizeBytes), 'max-file': String(log.maxFiles) } },
    CapAdd: [...security.capAdd],
    CapDrop: [...security.capDrop],
    Dns: [...network.dns],
    DnsOptions: [...network.dnsOptions],
    DnsSearch: [...network.dnsSearch],
    ExtraHosts: [...network.addHosts],
    GroupAdd: [...security.groupAdd],
    IpcMode: security.ipc,
    PidMode: security.pid === 'private' ? '' : security.pid,
    Privileged: security.privileged,
    ReadonlyRootfs: security.readonlyRoot,
    SecurityOpt: [
      ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
      ...(security.seccomp === 'unconfined' ? ['seccomp=unconfined'] : []),
    ],
    Sysctls: { ...security.sysctls },
    Init: init,
    Memory: limits.memoryBytes ?? 0,
    MemorySwap: limits.memorySwapBytes ?? 0,
    NanoCpus: Math.round((limits.cpus ?? 0) * 1e9),
    CpuShares: limits.cpuShares ?? 0,
    CpusetCpus: limits.cpusetCpus ?? '',
    CpusetMems: limits.cpusetMems ?? '',
    PidsLimit: limits.pids ?? null,
    ShmSize: limits.shmSizeBytes ?? 64 * 1024 * 1024,
    Ulimits: limits.ulimits.map((text) => ulimitJson(text)),
  }
}

function ulimitJson(text: string): JsonValue {
  const [name = '', values = ''] = text.split('=')
  const [soft, hard = soft] = values.split(':')
  return { Name: name, Soft: Number(soft), Hard: Number(hard) }
}

function bindText(mount: MountSpec): readonly string[] {
  if (mount.kind === 'tmpfs' || (mount.kind === 'volume' && mount.anonymous)) return []
  const source = mount.kind === 'bind' ? mount.source : mount.name
  return [`${source}:${mount.target}${mount.readonly ? ':ro' : ''}`]
}

function portMap(ports: readonly { hostIp: string; hostPort: number; containerPort: number; protocol: string }[]): {
  readonly [name: string]: JsonValue
} {
  const map: Record<string, JsonValue[]> = {}
  for (const { hostIp, hostPort, containerPort, protocol } of ports) {
    const key = `${containerPort}/${protocol}`
    map[key] = [...(map[key] ?? []), { HostIp: hostIp, HostPort: hostPort === 0 ? '' : String(hostPort) }]
  }
  return map
}

function mountJson(room: ContainerRoom, mount: MountSpec): JsonValue {
  switch (mount.kind) {
    case 'bind':
      return {
        ...{ Type: 'bind', Source: mount.source, Destination: mount.target, Mode: '', RW: !mount.readonly },
        Propagation: 'rprivate',
      }
    case 'volume':
      return {
        ...{ Type: 'volume', Name: mount.name, Source: `${volumePath(room, mount.name)}/_data` },
        ...{ Destination: mount.target, Driver: 'local', Mode: '', RW: !mount.readonly, Propagation: '' },
      }
    case 'tmpfs':
      return { Type: 'tmpfs', Source: '', Destination: mount.target, Mode: '', RW: true, Propagation: '' }
  }
}

function healthcheckJson(check: NonNullable<Parameters<typeof Object.entries>[0]>): JsonValue {
  const names: Readonly<Record<string, string>> = {
    ...{ test: 'Test', interval: 'Interval', timeout: 'Timeout', startPeriod: 'StartPeriod' },
    ...{ startInterval: 'StartInterval', retries: 'Retries' },
  }
  return Object.fromEntries(Object.entries(check).map(([key, value]) => [names[key] ?? key, jsonOf(value)]))
}

function jsonOf(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(jsonOf)
  return typeof value === 'number' || typeof value === 'string' ? value : null
}

function networkSettings({ containers }: ContainerRoom, id: string): JsonValue {
  const { network } = containers.spec(id)
  const { ports = [], endpoints = [] } = containers.state(id).connection ?? {}
  const [first] = endpoints
  const networks = endpoints.map(({ network: name, address, prefixLength, gateway, macAddress }) => {
    const fields = { IPAddress: address, IPPrefixLen: prefixLength, Gateway: gateway, MacAddress: macAddress }
    return [name, { ...fields, Aliases: [...network.aliases] }] as const
  })
  return {
    Ports: portMap(ports),
    IPAddress: first?.address ?? '',
    IPPrefixLen: first?.prefixLength ?? 0,
    Gateway: first?.gateway ?? '',
    MacAddress: first?.macAddress ?? '',
    Networks: networks.length === 0 ? { [network.mode]: {} } : Object.fromEntries(networks),
  }
}
