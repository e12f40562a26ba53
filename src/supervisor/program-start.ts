import type { SandboxRun } from '../ports/index.ts'

/** How often to look whether the program runs: runtimes need some ten milliseconds. */
const lookMs = 2

/** The process's id once it executes the container's program; undefined when it ended before that was seen. */
export async function programStart(run: SandboxRun): Promise<number | undefined> {
  let isOver = false
  const over = run.done.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  while (!isOver) {
    const pid = run.pid()
    if (pid !== undefined) return pid
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, lookMs))])
  }
  return undefined
}
