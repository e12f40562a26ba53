/**
 * A parsed Dockerfile, options and facts about images in; stages of typed operations with every word expanded out.
 * Pure, asked again until it has all facts. Nothing here reads, fetches, runs or parses Dockerfile text.
 */
export {
  type ArgDescription,
  describeOutline,
  describeTargets,
  type MountDescription,
  type Outline,
  type TargetDescription,
} from './describe-targets.ts'
export { imageKey } from './image-reference.ts'
export { lowerDockerfile } from './lower-dockerfile.ts'
export type {
  CopyOperation,
  ExcludingRule,
  FileSource,
  ImageFacts,
  InlineFile,
  LowerFacts,
  LowerResult,
  MetadataOperation,
  NeededImage,
  NeededTrigger,
  Operation,
  Origin,
  Program,
  ProgramOptions,
  RunOperation,
  Stage,
  StageBase,
  WorkdirOperation,
} from './types.ts'
