import { ToolError } from '../base/index.ts'
import { runContainer } from '../engine/run-container.ts'
import type { SandboxRun } from '../ports/index.ts'
import { plainReporter } from '../report/index.ts'
import { keyValues } from './collect.ts'
import type { RunFlags } from './flags.ts'
import { processHost } from './process-host.ts'

/** Signals that are passed on to the container; what stops a process by force cannot be. */
const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const

/** How long a container may go on whose terminal is gone: nobody can reach it any more. */
const hangUpGraceMs = 1000

/** Runs `longshore run`; returns the container's exit code. */
export async function runRun(
  image: string,
  command: readonly string[],
  flags: RunFlags,
  root: string | undefined,
): Promise<number> {
  const host = processHost()
  const terminal = flags.tty === true
  if (terminal && !process.stdin.isTTY) {
    throw new ToolError('usage', '-t needs a terminal, but stdin is none', {
      hint: 'leave -t out, or run it in a terminal',
    })
  }
  const env = Object.entries(keyValues(flags.env, host.env)).map(([key, value]) => `${key}=${value}`)
  const abort = new AbortController()
  let running: SandboxRun | undefined
  const listener = (signal: NodeJS.Signals): void => {
    if (terminal && signal === 'SIGHUP') setTimeout(() => abort.abort(hungUp()), hangUpGraceMs).unref()
    if (running !== undefined) running.kill(signal)
    else if (signal !== 'SIGCONT') abort.abort(new ToolError('canceled', 'interrupted'))
  }
  for (const signal of forwarded) process.on(signal, listener)
  const reporter = plainReporter((text) => process.stderr.write(text))
  try {
    const { workdir, user, entrypoint, name, isolation } = flags
    const request = {
      image,
      command,
      env: terminal ? ['TERM=xterm', ...env] : env,
      volumes: flags.volume,
      network: flags.network,
      interactive: flags.interactive === true,
      terminal,
      ...(workdir === undefined ? {} : { workingDir: workdir }),
      ...(user === undefined ? {} : { user }),
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(name === undefined ? {} : { name }),
      ...(isolation === undefined ? {} : { isolation }),
      ...(root === undefined ? {} : { root }),
    }
    return await runContainer(
      request,
      host,
      (event) => reporter.report(event),
      abort.signal,
      (run) => {
        running = run
      },
    )
  } finally {
    for (const signal of forwarded) process.off(signal, listener)
  }
}

function hungUp(): ToolError {
  return new ToolError('canceled', 'the terminal is gone', { hint: 'leave -t out for what is to go on without one' })
}
