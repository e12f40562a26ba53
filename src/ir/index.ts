/**
 * A parsed Dockerfile, options and facts about images in; stages of typed operations with every word expanded out.
 * Pure, asked again until it has all facts. Nothing here reads, fetches, runs or parses Dockerfile text.
 */
export { imageKey } from './image-reference.ts'
export { lowerDockerfile } from './lower-dockerfile.ts'
export { contextKey, endlessContext } from './named-context.ts'
export { describeRemote, type ParsedSource, parseRemoteSource } from './remote-source.ts'
export type {
  CopyOperation,
  FileSource,
  GitSource,
  HttpSource,
  ImageFacts,
  InlineFile,
  LowerFacts,
  LowerResult,
  MetadataOperation,
  NamedContext,
  NeededImage,
  NeededTrigger,
  Operation,
  Origin,
  Program,
  ProgramOptions,
  RemotePart,
  RemoteSource,
  RunOperation,
  Stage,
  StageBase,
  WorkdirOperation,
} from './types.ts'
