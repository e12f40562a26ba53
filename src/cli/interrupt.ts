/**
 * Calls `interrupt` on the first SIGINT, SIGTERM or SIGHUP, so that the command can clean up; a second SIGINT ends the
 * process at once. The returned function puts the default behaviour back.
 */
export function onInterrupt(interrupt: (signal: NodeJS.Signals) => void): () => void {
  let count = 0
  const listener = (signal: NodeJS.Signals): void => {
    count += 1
    if (count > 1) process.exit(130)
    interrupt(signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
