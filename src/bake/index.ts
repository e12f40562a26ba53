/**
 * Bake files (HCL, its JSON form, compose) as values: texts and surroundings come in, targets go out, with diagnostics that name the
 * place. Pure: reads no file and no environment itself.
 */

export { type BakeDefinition, type BakeSurroundings, bakeFormat, readDefinition } from './definition.ts'
export { functionNames } from './functions.ts'
export { parseDotEnv } from './interpolate.ts'
export { type Overrides, parseOverrides } from './overrides.ts'
export { printPlan } from './print.ts'
export { type BakePlan, linkedTarget, resolveTargets } from './resolve.ts'
export type { BakeGroup, BakeTarget, Entry, EntryField, Field } from './target.ts'
export { plainValue } from './value.ts'
export type { BakeVariable } from './variables.ts'
