/**
 * From a program to the graph of steps and their keys. In: IR, and facts as arguments. Out: plain data.
 * Pure: looks nothing up, runs nothing; the same program and facts always give the same plan.
 */
export {
  graphImages,
  inputRoot,
  type LayerOperation,
  type PlannedStage,
  planGraph,
  type Root,
  rootName,
  type Step,
  type StepGraph,
} from './graph.ts'
export { type KeyWithComponents, type StepInputs, selectionKey, stepKey } from './key.ts'
