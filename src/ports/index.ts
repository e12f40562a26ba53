/**
 * The interfaces between the scheduler and the adapters. Types only: nothing here runs.
 */
export type { CacheBlob, CachePlace, CacheTransfer } from './cache-place.ts'
export type { ContextSelection, FileSelection, MissingSource } from './contexts.ts'
export type { Layer, LayerDigests, OverlayXattrs } from './layers.ts'
export type {
  Confinement,
  DeviceGrant,
  ExecRequest,
  Isolation,
  OtherNamespace,
  Sandbox,
  SandboxInput,
  SandboxMount,
  SandboxProcess,
  SandboxRequest,
  SandboxResult,
  SandboxRun,
  SandboxStdio,
  TerminalSize,
} from './sandbox.ts'
export type {
  ImageStore,
  IndexMember,
  KeyComponents,
  LayerStore,
  LocalMember,
  NamedIndex,
  RecordStore,
  RemoteMember,
  SelectionRecord,
  StepRecord,
  StoredImage,
  StoredIndex,
  StoredReference,
} from './store.ts'
export type { BuildTrace, MissCause, TraceAttachments, TracedBase, TracedStep, TraceStore } from './traces.ts'
