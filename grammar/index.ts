/**
 * The Dockerfile language as data: instructions and flags, lint rules, version. What turns argument text into pieces is
 * `parse-arguments.ts`, imported by name where a file is really parsed: nothing exported here may load Chevrotain.
 */
export type { EscapeCharacter } from './escape.ts'
export {
  type ArgumentShape,
  type FlagName,
  type FlagRule,
  type FlagType,
  type InstructionKind,
  type InstructionRule,
  instructionKinds,
  instructionRule,
  instructionTable,
  isInstructionKind,
  networkModes,
} from './instructions.ts'
export { type LintRule, lintRule, lintRules, lintRuleUrl } from './lint-rules.ts'
export {
  type CacheSharing,
  cacheSharings,
  findMountOption,
  type MountOptionName,
  type MountOptionRule,
  type MountType,
  mountOptionNames,
  mountOptionRule,
  mountTypes,
} from './mounts.ts'
export { grammarVersion } from './version.ts'
