import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foreignProgram } from './foreign-program.ts'
import { toolEnv } from './host-tools.ts'

/** Whether programs of another processor run here: `none` has no emulator, `outside` one that is not found inside a container. */
export type Emulation = 'works' | 'none' | 'outside' | 'unknown-processor'

/**
 * Executes a tiny program for a processor, in a root filesystem that holds nothing else: a list of emulators may not be there to
 * be read, and one that is there need not work. `directory` is an empty one; `env` has the PATH to find chroot(8) by.
 */
export function probeEmulation(
  architecture: string,
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Emulation {
  const program = foreignProgram(architecture)
  if (program === undefined) return 'unknown-processor'
  const path = join(directory, 'probe')
  writeFileSync(path, program, { mode: 0o755 })
  const options = { env: toolEnv(env), stdio: 'ignore', timeout: 10_000 } as const
  if (spawnSync('chroot', [directory, '/probe'], options).status === 0) return 'works'
  return spawnSync(path, [], options).status === 0 ? 'outside' : 'none'
}
