/** Collects the output of a step: all of it for the log, and its end for error messages. */
export interface StepLog {
  add(chunk: Uint8Array): void
  bytes(): Uint8Array
  /** The last `lines` lines as text. */
  tail(lines?: number): string
}

/** An empty log. */
export function stepLog(): StepLog {
  const chunks: Uint8Array[] = []
  return {
    // The chunk's memory may be used again by the caller, so it is copied.
    add: (chunk) => chunks.push(Uint8Array.from(chunk)),
    bytes: () => Buffer.concat(chunks),
    tail(lines = 40) {
      const text = Buffer.concat(chunks.slice(-200)).toString('utf8').replace(/\n$/, '')
      return text.split('\n').slice(-lines).join('\n')
    },
  }
}
