import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { Engine } from './engine.ts'
import { exitProgram } from './exec-stub.ts'
import { runContainer } from './run-container.ts'
import type { StateDirectory } from './state-directory.ts'

const probeTimeoutMs = 20_000

/**
 * Runs a container whose only file is a program that ends at once. On processors for which we have no such program
 * the file is empty: the kernel refuses it (126) as the very last thing, when all else has worked. Throws `ToolError`
 * with the isolation's own words when it does not work.
 */
export async function probeEngine(engine: Engine, state: StateDirectory, directory: string): Promise<void> {
  const program = exitProgram(arch())
  const base = mkdtempSync(join(directory, `.probe-${engine.isolation}-`))
  const [rootfs, scratch] = [join(base, 'root'), join(base, 'scratch')]
  const words: string[] = []
  try {
    for (const path of [rootfs, scratch]) mkdirSync(path, { mode: 0o755 })
    writeFileSync(join(rootfs, 'exit'), program ?? '', { mode: 0o755 })
    const run = runContainer(engine, state, {
      id: `longshore-probe-${base
        .slice(-6)
        .toLowerCase()
        .replace(/[^a-z0-9]/g, '0')}`,
      rootfs,
      scratch,
      args: ['/exit'],
      env: [],
      cwd: '/',
      user: '',
      hostname: 'probe',
      network: 'host',
      mounts: [],
      terminal: false,
      stdio: { kind: 'capture', onOutput: (_, chunk) => words.push(Buffer.from(chunk).toString('utf8')) },
      signal: AbortSignal.timeout(probeTimeoutMs),
    })
    const { exitCode } = await run.done
    if (exitCode === (program === undefined ? 126 : 0)) return
    const said = words.join('').trim()
    throw new ToolError('run-failed', `a trial container ended with ${exitCode}${said === '' ? '' : `: ${said}`}`)
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}
