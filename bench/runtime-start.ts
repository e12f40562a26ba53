/** How long a container runtime takes to run /bin/true by itself: what a RUN cannot do without. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { measure } from './builders.ts'

export interface RuntimeStart {
  readonly runtime: string
  /** In milliseconds, one for each call of `measure`. */
  readonly times: readonly number[]
  measure(): void
}

/**
 * Prepares a bundle with the runtime's own default specification on the root filesystem of `base`, beside it. Undefined when the
 * runtime cannot start anything here, as crun 1.8 on a hybrid cgroup hierarchy.
 */
export function runtimeStart(runtime: string, base: string): RuntimeStart | undefined {
  const bundle = mkdtempSync(join(dirname(base), 'bundle-'))
  spawnSync(runtime, ['spec'], { cwd: bundle })
  const path = join(bundle, 'config.json')
  const spec: { process: object; root: object } = JSON.parse(readFileSync(path, 'utf8'))
  const process_ = { ...spec.process, terminal: false, args: ['/bin/true'] }
  writeFileSync(path, JSON.stringify({ ...spec, process: process_, root: { path: join(base, 'rootfs') } }))
  const times: number[] = []
  const global = runtime === 'crun' ? ['--cgroup-manager=disabled'] : []
  const command = [runtime, ...global, '--root', join(bundle, 'state'), 'run', '--bundle', bundle, 'longshore-bench']
  if (spawnSync(runtime, command.slice(1)).status !== 0) return undefined
  return {
    runtime,
    times,
    measure: () => {
      times.push(measure(command, process.env).timeMs)
    },
  }
}
