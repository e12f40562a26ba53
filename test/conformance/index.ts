/**
 * The conformance cases of fixtures/conformance: plain folders in, expectations and readable differences out.
 * Builds nothing itself: a test gives the image or the failure that a builder made of a prepared context.
 */

export { type BrokenBuild, type ExpectedError, loadBrokenBuilds } from './broken-builds.ts'
export {
  type ConformanceCase,
  type Expected,
  type ExpectedFailure,
  type ExpectedImage,
  loadCases,
} from './cases.ts'
export { type PreparedContext, prepareBaseContext, prepareContext } from './context-copy.ts'
export { type ActualFailure, type ActualImage, actualImage, differences } from './differences.ts'
export { type ReadImage, readImage, readLayout } from './layout-tree.ts'
