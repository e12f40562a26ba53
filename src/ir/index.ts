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
export { contextKey, endlessContext } from './named-context.ts'
export { describeRemote, hideCredentials, type ParsedSource, parseRemoteSource } from './remote-source.ts'
export type {
  BindMount,
  CacheMount,
  CopyOperation,
  ExcludingRule,
  FileSource,
  GitSource,
  HttpSource,
  ImageFacts,
  InlineFile,
  LowerFacts,
  LowerResult,
  MetadataOperation,
  MountSource,
  NamedContext,
  NeededImage,
  NeededTrigger,
  Operation,
  Origin,
  Program,
  ProgramOptions,
  RemotePart,
  RemoteSource,
  RunMount,
  RunOperation,
  SecretMount,
  SshMount,
  Stage,
  StageBase,
  TmpfsMount,
  WorkdirOperation,
  WorkspaceFiles,
} from './types.ts'
