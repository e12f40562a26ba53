/**
 * Results of steps in places outside of the store: how an entry is written and read (an OCI artifact for each step), the places
 * themselves but registries, and a guard that lets none of them do harm. In: results, blobs. Out: the same, their documents
 * checked; whether a blob is what its entry says is for whoever reads it to see.
 */
export {
  chunkType,
  decodeMountResult,
  decodeSelectionResult,
  decodeStepResult,
  type EncodedEntry,
  encodeMountResult,
  encodeSelectionResult,
  encodeStepResult,
  entryName,
  type MountResult,
  type SelectionResult,
  type StepResult,
  type TravellingLayer,
} from './entry.ts'
export { defaultPatience, GuardedPlace, type Patience, type Watched } from './guarded-place.ts'
export { openLocalPlace } from './local-place.ts'
