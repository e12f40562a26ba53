/**
 * Runs a process in a root filesystem, isolated by crun, runc or util-linux. In: a mounted root and a request; out:
 * its output and exit code, the root as the process left it. Assumes a private mount namespace; must not know layers,
 * images or the store, and must pass nothing of the host's environment or descriptors on.
 */
export { describeIsolation, type IsolationReport, openSandbox, type SandboxOptions } from './open-sandbox.ts'
export { sweepSandboxes } from './sweep-sandboxes.ts'
