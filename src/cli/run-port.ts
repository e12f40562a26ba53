import { ToolError } from '../base/index.ts'
import { formatHost } from '../engine/containers.ts'
import { forEachContainer } from './each-container.ts'

/** Runs `longshore port`; returns the exit code. */
export function runPort(container: string, port: string | undefined, root: string | undefined): Promise<number> {
  return forEachContainer([container], root, ({ containers }, id) => {
    const ports = containers.state(id).connection?.ports ?? []
    const wanted = port === undefined || port.includes('/') ? port : `${port}/tcp`
    const lines = ports.flatMap(({ hostIp, hostPort, containerPort, protocol }) => {
      const name = `${containerPort}/${protocol}`
      if (wanted === undefined) return [`${name} -> ${formatHost(hostIp, hostPort)}`]
      return wanted === name ? [formatHost(hostIp, hostPort)] : []
    })
    if (wanted !== undefined && lines.length === 0) {
      throw new ToolError('container-failed', `the container "${container}" does not publish its port ${wanted}`, {
        hint: `\`longshore port ${container}\` shows those it does`,
      })
    }
    return lines.join('\n')
  })
}
