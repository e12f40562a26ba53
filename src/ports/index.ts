/**
 * The interfaces between the scheduler and the adapters. Types only: nothing here runs.
 */
export type { ContextSelection, MissingSource, SelectedPath, SelectedSource } from './contexts.ts'
export type { Layer, LayerDigests, OverlayXattrs } from './layers.ts'
export type {
  Isolation,
  Sandbox,
  SandboxMount,
  SandboxRequest,
  SandboxResult,
  SandboxRun,
  SandboxStdio,
} from './sandbox.ts'
