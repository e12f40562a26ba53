import type { Diagnostic } from '../base/index.ts'
import { evaluate } from './evaluate.ts'
import type { Block } from './hcl-ast.ts'
import { described } from './operators.ts'
import { collecting, type Place, Problem, wrongType } from './problem.ts'
import { readTarget } from './read-target.ts'
import { type Scope, withNames } from './scope.ts'
import type { BakeTarget } from './target.ts'
import { isList, isMap, sortedEntries, textOf, type Value } from './value.ts'

/** What one `target` block makes; `group` has the names when the block's own is not one of theirs. */
export interface ExpandedBlock {
  readonly targets: readonly BakeTarget[]
  readonly group?: readonly string[]
}

/**
 * The targets of a block: itself, or with `matrix` one for each combination of values, its axes in order of their names, the first
 * the slowest. `name` names each.
 */
export function expandBlock(block: Block, scope: Scope, diagnostics: Diagnostic[]): ExpandedBlock {
  const expanded = collecting(diagnostics, () => expand(block, scope, diagnostics))
  return expanded ?? { targets: [] }
}

function expand(block: Block, scope: Scope, diagnostics: Diagnostic[]): ExpandedBlock {
  const [label] = block.labels
  const own = label?.text ?? ''
  const place = label?.place ?? block.place
  const find = (name: string) => block.body.attributes.find((attribute) => attribute.name === name)
  const [matrix, name] = [find('matrix'), find('name')]
  if (matrix === undefined) {
    if (name !== undefined) {
      const hint = 'without a matrix the name is that of the block: target "name" { … }'
      throw new Problem(name.namePlace, { code: 'bake-invalid-name', message: 'name needs a matrix', hint })
    }
    requireName(own, place)
    return { targets: [readTarget(block, own, scope, diagnostics)] }
  }
  const rows = combinations(evaluate(matrix.value, scope), matrix.value.place)
  if (name === undefined && rows.length > 1) {
    const hint = `write name = "${own}-\${…}", with the values that tell them apart`
    throw new Problem(matrix.namePlace, {
      code: 'bake-invalid-name',
      message: 'a matrix needs a name for each target',
      hint,
    })
  }
  const targets: BakeTarget[] = []
  for (const row of rows) {
    const inner = withNames(scope, row)
    const value = name === undefined ? own : evaluate(name.value, inner)
    const given = textOf(value)
    if (given === undefined)
      throw wrongType(name?.value.place ?? place, `name must be a string, but this is ${described(value)}`)
    requireName(given, name?.value.place ?? place)
    if (targets.some((target) => target.name === given)) {
      const hint = 'use every value of the matrix in name'
      const message = `the matrix makes two targets named "${given}"`
      throw new Problem(name?.value.place ?? place, { code: 'bake-invalid-name', message, hint })
    }
    targets.push(readTarget(block, given, inner, diagnostics))
  }
  const names = targets.map((target) => target.name)
  return names.length === 1 && names[0] === own ? { targets } : { targets, group: names }
}

function combinations(value: Value, place: Place): readonly ReadonlyMap<string, Value>[] {
  if (!isMap(value)) throw wrongType(place, `matrix must be a map of lists, but this is ${described(value)}`)
  let rows: readonly ReadonlyMap<string, Value>[] = [new Map()]
  for (const [axis, values] of sortedEntries(value)) {
    if (!isList(values)) throw wrongType(place, `"${axis}" of matrix must be a list, but this is ${described(values)}`)
    rows = rows.flatMap((row) => values.map((item) => new Map([...row, [axis, item]])))
  }
  return rows
}

/** Throws `Problem` unless `name` can name a target. */
export function requireName(name: string, place: Place): void {
  if (/^[a-zA-Z0-9_-]+$/.test(name)) return
  throw new Problem(place, {
    code: 'bake-invalid-name',
    message: `"${name}" cannot name a target`,
    hint: 'names are made of letters, digits, _ and -; sanitize() replaces all else',
  })
}
