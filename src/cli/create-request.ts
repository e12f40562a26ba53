import { readFileSync } from 'node:fs'
import { errorMessage, ToolError } from '../base/index.ts'
import { type CreateRequest, hostPath, parsers } from '../engine/containers.ts'
import type { Host } from '../engine/host.ts'
import { keyValues } from './collect.ts'
import { healthcheckOf } from './health-flags.ts'
import type { ContainerFlags } from './lifecycle-flags.ts'
import { platformField } from './platform-field.ts'
import { deviceMounts, securitySpec } from './security-flags.ts'

/** What the flags of `run` and `create` ask for. Throws `ToolError` `usage` for what cannot be. */
export function createRequest(
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
  detach: boolean,
  host: Host,
  root: string | undefined,
): CreateRequest {
  const terminal = flags.tty === true
  const restart = parsers.restartPolicy(flags.restart)
  if (flags.rm === true && restart.name !== 'no') {
    throw new ToolError('usage', '--rm and --restart do not go together', { hint: 'leave one of the two out' })
  }
  const stopSignal = flags.stopSignal
  if (stopSignal !== undefined && parsers.signalNumber(stopSignal) === undefined) {
    throw new ToolError('usage', `"${stopSignal}" is no signal`, { hint: 'write a name as SIGTERM, or a number' })
  }
  const env = pairs(flags.env, flags.envFile, host)
  const healthcheck = healthcheckOf(flags)
  return {
    image,
    command,
    env: terminal ? ['TERM=xterm', ...env] : env,
    detach,
    terminal,
    interactive: flags.interactive === true,
    autoRemove: flags.rm === true,
    restart,
    init: flags.init === true,
    labels: keyValues([...lines(flags.labelFile, host), ...flags.label].map(withEquals), {}),
    mounts: mountSpecs(flags, host),
    volumesFrom: flags.volumesFrom,
    network: networkSpec(flags),
    publishAll: flags.publishAll === true,
    expose: flags.expose,
    limits: limitsSpec(flags, host),
    security: securitySpec(flags),
    log: logSpec(flags),
    pull: pullPolicy(flags.pull),
    ...(healthcheck === undefined ? {} : { healthcheck }),
    ...optional(flags),
    ...(root === undefined ? {} : { root }),
  }
}

type Optional = Pick<
  CreateRequest,
  | 'platform'
  | 'name'
  | 'isolation'
  | 'hostname'
  | 'domainname'
  | 'workingDir'
  | 'user'
  | 'entrypoint'
  | 'stopSignal'
  | 'stopTimeoutSeconds'
>

function optional(flags: ContainerFlags): Optional {
  const {
    name,
    isolation = flags.runtime,
    hostname,
    domainname,
    workdir,
    user,
    entrypoint,
    stopSignal,
    stopTimeout,
  } = flags
  return {
    ...platformField(flags),
    ...(name === undefined ? {} : { name }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(domainname === undefined ? {} : { domainname }),
    ...(workdir === undefined ? {} : { workingDir: workdir }),
    ...(user === undefined ? {} : { user }),
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    ...(stopTimeout === undefined ? {} : { stopTimeoutSeconds: stopTimeout }),
  }
}

/** `K=V` of --env-file and --env, the latter over the former; a bare name is taken from the environment. */
export function pairs(values: readonly string[], files: readonly string[], host: Host): readonly string[] {
  const all = keyValues([...lines(files, host), ...values], host.env)
  return Object.entries(all).map(([key, value]) => `${key}=${value}`)
}

/** Lines of files, without empty ones and comments. */
function lines(files: readonly string[], host: Host): readonly string[] {
  return files.flatMap((file) => {
    let text: string
    try {
      text = readFileSync(hostPath(host.cwd, file), 'utf8')
    } catch (error) {
      throw new ToolError('usage', `cannot read "${file}": ${errorMessage(error)}`, {
        hint: 'check the path',
        cause: error,
      })
    }
    const kept = text.split('\n').map((line) => line.replace(/\r$/, '').trimStart())
    return kept.filter((line) => line !== '' && !line.startsWith('#'))
  })
}

function withEquals(label: string): string {
  return label.includes('=') ? label : `${label}=`
}

function mountSpecs(flags: ContainerFlags, host: Host): CreateRequest['mounts'] {
  const absolute = (path: string): string => hostPath(host.cwd, path)
  return [
    ...flags.volume.map((text) => parsers.volume(text, absolute)),
    ...flags.mount.map((text) => parsers.mount(text, absolute)),
    ...flags.tmpfs.map((text) => parsers.tmpfs(text)),
    ...deviceMounts(flags.device),
  ]
}

function networkSpec(flags: ContainerFlags): CreateRequest['network'] {
  return {
    mode: flags.net ?? flags.network ?? 'default',
    ports: flags.publish.flatMap((text) => parsers.publish(text)),
    aliases: flags.networkAlias,
    addHosts: flags.addHost,
    dns: flags.dns,
    dnsSearch: flags.dnsSearch,
    dnsOptions: flags.dnsOption,
    ...(flags.ip === undefined ? {} : { address: flags.ip }),
  }
}

function limitsSpec(flags: ContainerFlags, host: Host): CreateRequest['limits'] {
  const { memory, memorySwap, cpus, cpuShares, cpusetCpus, cpusetMems, pidsLimit, ulimit, shmSize } = flags
  for (const text of ulimit) parsers.ulimit(text)
  const swap =
    memorySwap === '-1' ? -1 : memorySwap === undefined ? undefined : parsers.size(memorySwap, '--memory-swap')
  const limits = {
    ulimits: ulimit,
    ...(memory === undefined ? {} : { memoryBytes: parsers.size(memory, '--memory') }),
    ...(swap === undefined ? {} : { memorySwapBytes: swap }),
    ...(cpus === undefined ? {} : { cpus: Number(cpus) }),
    ...(cpuShares === undefined ? {} : { cpuShares }),
    ...(cpusetCpus === undefined ? {} : { cpusetCpus }),
    ...(cpusetMems === undefined ? {} : { cpusetMems }),
    ...(pidsLimit === undefined ? {} : { pids: pidsLimit }),
    ...(shmSize === undefined ? {} : { shmSizeBytes: parsers.size(shmSize, '--shm-size') }),
  }
  parsers.checkLimits(limits, host.cpus)
  return limits
}

function logSpec({ logDriver, logOpt }: ContainerFlags): CreateRequest['log'] {
  const options = keyValues(logOpt, {})
  const unknown = Object.keys(options).find((key) => key !== 'max-size' && key !== 'max-file')
  if (unknown !== undefined) {
    throw new ToolError('usage', `there is no --log-opt "${unknown}"`, {
      hint: 'write max-size=SIZE or max-file=COUNT',
    })
  }
  const { 'max-size': size = '20m', 'max-file': files = '5' } = options
  if (!/^[1-9]\d{0,3}$/.test(files)) {
    throw new ToolError('usage', `cannot read --log-opt max-file "${files}"`, { hint: 'write a number from 1' })
  }
  const maxSizeBytes = size === '-1' ? 0 : parsers.size(size, '--log-opt max-size')
  return { driver: logDriver, maxSizeBytes, maxFiles: Number(files) }
}

function pullPolicy(text: string): CreateRequest['pull'] {
  const found = (['missing', 'always', 'never'] as const).find((word) => word === text)
  if (found !== undefined) return found
  throw new ToolError('usage', `cannot read --pull "${text}"`, { hint: 'write missing, always or never' })
}
