/**
 * From a program to the graph of steps and their keys. In: IR, and facts as arguments. Out: plain data.
 * Pure: looks nothing up, runs nothing; the same program and facts always give the same plan.
 */
export { compareKeys, type KeyDifference } from './compare-keys.ts'
export { type CopyPart, copyParts, type TreeSource, treeName } from './copy-parts.ts'
export { type Epoch, epochArgument, epochComponent, epochText } from './epoch.ts'
export {
  graphImages,
  inputRoot,
  type LayerOperation,
  type MountInput,
  type PlannedStage,
  planGraph,
  type Root,
  rootName,
  type Step,
  type StepGraph,
  takesFiles,
} from './graph.ts'
export { type GraphPart, type JoinedGraph, joinGraphs } from './join-graphs.ts'
export { type KeyWithComponents, type StepInputs, selectionKey, stepKey } from './key.ts'
export { mergeGraphs, type PlatformGraph } from './merge-graphs.ts'
export type { ImageRoot } from './merged-graph.ts'
export { type TreeOf, withTrees } from './with-trees.ts'
