import { ToolError } from '../base/index.ts'
import { platformOf } from '../build/index.ts'
import { formatPlatform } from '../oci/index.ts'
import type { Step, StepGraph } from '../plan/index.ts'
import { type Emulation, probeEmulation } from '../sandbox/index.ts'
import type { Scene } from './scene.ts'

/**
 * Makes sure that this machine executes the programs of `steps`, which are for other processors. Throws `ToolError`
 * `emulation-unavailable` that names the first step it does not.
 */
export async function requireEmulation(scene: Scene, graph: StepGraph, steps: readonly Step[]): Promise<void> {
  const { session } = await scene.enter()
  const found = new Map<string, Emulation>()
  for (const step of steps) {
    const platform = platformOf(graph, step)
    const { architecture } = platform
    let emulation = found.get(architecture)
    if (emulation === undefined) {
      const directory = session.makeDirectory('emulation')
      emulation = probeEmulation(architecture, directory, scene.host.env)
      session.removeDirectory(directory)
      found.set(architecture, emulation)
    }
    // Of a processor that we have no program for nothing is known: the step itself will tell.
    if (emulation === 'works' || emulation === 'unknown-processor') continue
    const place = `${step.operation.origin.file}:${step.operation.origin.startLine}`
    const what = `${place}: "${step.label}" runs programs for ${formatPlatform(platform)}`
    const here = formatPlatform(scene.platform)
    throw new ToolError('emulation-unavailable', `${what}, and this machine (${here}) ${reasons[emulation]}`, {
      hint: hints[emulation],
      details: { platform: formatPlatform(platform), step: step.label },
    })
  }
}

const reasons = {
  none: 'has no emulator for them',
  outside: 'has an emulator that containers do not see',
} as const

const elsewhere =
  'or move the step into a stage FROM --platform=$BUILDPLATFORM and COPY what it makes: COPY needs no emulator'

const hints = {
  none: `register one with the kernel: apt-get install qemu-user-static binfmt-support (on the machine itself, not in a container); ${elsewhere}`,
  outside: `register it with the flag F, so that the kernel keeps it open; ${elsewhere}`,
} as const
