/**
 * Runs one process in a root filesystem, isolated by crun, runc or what every Linux has. In: a mounted root, words and
 * mounts; out: an exit code and output. Call it inside a mount namespace of our own; nothing here knows layers,
 * images or the store, and no path of a root is ever resolved by string.
 */
export { describeIsolation, type IsolationReport } from './describe-isolation.ts'
export { openSandbox, type SandboxOptions } from './open-sandbox.ts'
export { type Emulation, probeEmulation } from './probe-emulation.ts'
export { sweepSandboxes } from './sweep-sandboxes.ts'
