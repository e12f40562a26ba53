/**
 * The only scheduler: from a Dockerfile's meaning to an image. In: a program's graph and ports. Out: a stream of typed
 * events and a result. Talks to the world through ports only; knows no file, process or network.
 */
export { assembleConfig, type StepLayers, stageChain } from './assemble.ts'
export { type DefinePorts, type DefineResult, defineProgram } from './define.ts'
export type {
  BuildError,
  BuildEvent,
  BuildSummary,
  BuiltPlatform,
  BuiltTarget,
  EmitEvent,
  TaskStatus,
  UsedImage,
} from './events.ts'
export { fetchTrees } from './fetch-trees.ts'
export type { CachePolicy } from './look-up.ts'
export { type MissReason, needsWork, type ProbedGraph, type StepOutcome } from './outcome.ts'
export type {
  Claim,
  ClaimPort,
  ClockPort,
  ContextPort,
  CopySource,
  ExecuteRequest,
  ExecutorPort,
  ImagePort,
  LookupPorts,
  MountFiles,
  OpenTree,
  RemoteResultsPort,
  RunPorts,
  SelectResult,
  TreePart,
  TreePort,
  WantedFiles,
} from './ports.ts'
export { contentOf, platformOf, probeGraph } from './probe.ts'
export {
  type RunOptions,
  type RunResult,
  runGraph,
  taskOf,
} from './run.ts'
export type { StepFailure, StepReport, StepReports } from './step-report.ts'
