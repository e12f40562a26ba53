import { ToolError } from '../base/index.ts'
import type { NetworkFacts, NetworkPlan, NetworkRequest, RungReport } from './network-request.ts'

/** What is needed of a network to plan with it. */
export interface KnownNetwork {
  readonly name: string
  readonly internal: boolean
}

/**
 * Decides how a container is connected: as root by a bridge, else by pasta, else by slirp4netns. `known` are the
 * networks that users made. Throws `ToolError`: `usage` for flags that contradict each other, `network-not-found`,
 * `network-unavailable` with each rung's reason and the command that mends it.
 */
export function planNetwork(request: NetworkRequest, facts: NetworkFacts, known: readonly KnownNetwork[]): NetworkPlan {
  const { mode } = request
  if (mode === 'host') return { kind: 'host', request, notes: withoutPorts(request, "the host's network") }
  if (mode === 'none') {
    refuseAddress(request)
    return { kind: 'none', request, notes: withoutPorts(request, 'no network') }
  }
  if (mode.startsWith('container:')) return planJoin(request, mode.slice('container:'.length))
  const isDefault = mode === 'bridge' || mode === 'default'
  const network = known.find(({ name }) => name === mode)
  if (!isDefault && network === undefined) throw notFound(mode)
  if (isDefault) refuseAddress(request)
  if (isDefault && request.aliases.length > 0) {
    throw new ToolError('usage', '--network-alias works in networks that you make, not in the default one', {
      hint: 'longshore network create mynet, then run with --network mynet',
    })
  }
  const rung = facts.rungs.find(({ reason }) => reason === undefined)?.rung
  if (rung === undefined) throw unavailable(facts.rungs)
  if (rung === 'bridge') return { kind: 'bridge', network: isDefault ? 'bridge' : mode, request, notes: [] }
  if (!isDefault && facts.programs.ip === undefined) {
    throw new ToolError('network-unavailable', `the network "${mode}" needs the program ip`, {
      hint: 'apt-get install iproute2',
    })
  }
  const notes = network?.internal === true ? withoutPorts(request, 'an internal network') : []
  return { kind: 'helper', helper: rung, ...(isDefault ? {} : { network: mode }), request, notes }
}

function planJoin(request: NetworkRequest, container: string): NetworkPlan {
  const conflict = (flag: string): ToolError =>
    new ToolError('usage', `${flag} contradicts --network "${request.mode}": the other container has the network`, {
      hint: `give ${flag} to the container "${container}", or leave it out`,
    })
  if (container === '') throw new ToolError('usage', 'expected --network container:ID or container:NAME')
  if (request.ports.length > 0) throw conflict('-p')
  if (request.address !== undefined) throw conflict('--ip')
  if (request.addHosts.length > 0) throw conflict('--add-host')
  if (request.dns.length + request.dnsSearch.length + request.dnsOptions.length > 0) throw conflict('--dns')
  return { kind: 'container', container, request, notes: [] }
}

function withoutPorts({ ports }: NetworkRequest, where: string): readonly string[] {
  return ports.length === 0 ? [] : [`published ports are ignored: the container has ${where}`]
}

function refuseAddress({ address, mode }: NetworkRequest): void {
  if (address === undefined) return
  throw new ToolError('usage', `--ip ${address} needs a network that you made, not "${mode}"`, {
    hint: 'longshore network create --subnet 10.9.0.0/24 mynet, then run with --network mynet --ip 10.9.0.7',
  })
}

function notFound(name: string): ToolError {
  return new ToolError('network-not-found', `there is no network "${name}"`, {
    hint: `make it: longshore network create ${name}; or see those there are: longshore network ls`,
  })
}

/** The error of a machine that offers no rung. */
export function unavailable(rungs: readonly RungReport[]): ToolError {
  const reasons = rungs.map(({ rung, reason }) => `${rung}: ${reason ?? 'works'}`).join('; ')
  const mends = [...new Set(rungs.flatMap(({ mend }) => (mend === undefined ? [] : [mend])))]
  return new ToolError('network-unavailable', `this machine offers no network of a container's own: ${reasons}`, {
    hint: `use --network host, or mend it: ${mends.join(' or ') || 'see `longshore doctor`'}`,
  })
}
