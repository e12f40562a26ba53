/**
 * The only scheduler: from a Dockerfile's meaning to an image. In: a program's graph and ports. Out: a stream of typed
 * events and a result. Talks to the world through ports only; knows no file, process or network.
 */
export { assembleConfig, type StepLayers, stageChain } from './assemble.ts'
export { type DefinePorts, type DefineResult, defineProgram } from './define.ts'
export type { BuildError, BuildEvent, BuildSummary, EmitEvent, TaskStatus } from './events.ts'
export { fetchTrees } from './fetch-trees.ts'
export { type MissReason, needsWork, type ProbedGraph, type StepOutcome } from './outcome.ts'
export type {
  ClockPort,
  ContextPort,
  CopySource,
  ExecuteRequest,
  ExecutorPort,
  ImagePort,
  LookupPorts,
  MountFiles,
  OpenTree,
  RunPorts,
  SelectResult,
  TreePart,
  TreePort,
  WantedFiles,
} from './ports.ts'
export { contentOf, probeGraph } from './probe.ts'
export {
  type RunOptions,
  type RunResult,
  runGraph,
  type StepFailure,
  type StepReport,
  type StepReports,
  taskOf,
} from './run.ts'
