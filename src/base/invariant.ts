/**
 * Ends the program path with a plain `Error` when `condition` is false. For mistakes of ours only: wrong input is a
 * `Diagnostic`, a failing world a `ToolError`.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${message}`)
}

/** Marks the default branch of a switch over a closed union; does not compile when a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`internal error: unexpected value ${JSON.stringify(value)}`)
}
