import { type Diagnostic, nearest } from '../base/index.ts'
import { evaluate } from './evaluate.ts'
import type { Attribute, Block } from './hcl-ast.ts'
import { boolOf, described } from './operators.ts'
import { collecting, type Place, Problem, wrongType } from './problem.ts'
import type { Scope } from './scope.ts'
import {
  type BakeTarget,
  type Entry,
  type EntryField,
  entryFields,
  type Field,
  type FlagField,
  flagFields,
  type ListField,
  listFields,
  type MapField,
  mapFields,
  type TextField,
  textFields,
} from './target.ts'
import { readEntry } from './target-entry.ts'
import { isList, isMap, textOf, type Value } from './value.ts'

/** The attributes that make several targets of one block. */
export const matrixAttributes = ['name', 'matrix']

const attributeNames: readonly string[] = [...textFields, ...flagFields, ...listFields, ...mapFields, ...entryFields]

/** Evaluates a `target` block; what is wrong with an attribute is collected, and the attribute left out. */
export function readTarget(block: Block, name: string, scope: Scope, diagnostics: Diagnostic[]): BakeTarget {
  const fields = new TargetFields()
  const { attributes, blocks } = block.body
  for (const attribute of attributes) {
    if (matrixAttributes.includes(attribute.name)) continue
    collecting(diagnostics, () => {
      if (!attributeNames.includes(attribute.name)) throw unknownAttribute(attribute)
      const value = evaluate(attribute.value, scope)
      if (value !== null) fields.set(attribute.name, value, attribute.value.place, attribute.namePlace)
    })
  }
  for (const { type, place } of blocks) {
    const isMapField = mapFields.some((field) => field === type)
    const hint = isMapField ? `write ${type} = { … }` : `it has ${attributeNames.join(', ')}`
    diagnostics.push({
      code: 'bake-unknown-name',
      severity: 'error',
      message: `a target has no block "${type}"`,
      ...place,
      hint,
    })
  }
  return { name, place: block.place, ...fields }
}

function unknownAttribute({ name, namePlace }: Attribute): Problem {
  const near = nearest(name, [...attributeNames, ...matrixAttributes])
  return new Problem(namePlace, {
    code: 'bake-unknown-name',
    message: `a target has no attribute "${name}"`,
    hint: near === undefined ? `it has ${attributeNames.join(', ')}` : `did you mean ${near}?`,
  })
}

/** Fields of a target under construction. Every method throws `Problem` for a value of the wrong kind. */
export class TargetFields {
  readonly texts = new Map<TextField, string>()
  readonly flags = new Map<FlagField, boolean>()
  readonly lists = new Map<ListField, readonly string[]>()
  readonly maps = new Map<MapField, ReadonlyMap<string, string>>()
  readonly entries = new Map<EntryField, readonly Entry[]>()
  readonly places = new Map<Field, Place>()

  /** Sets the field of a name; a name that is none is ignored. */
  set(name: string, value: Value, place: Place, namePlace: Place): void {
    const text = textFields.find((field) => field === name)
    const flag = flagFields.find((field) => field === name)
    const list = listFields.find((field) => field === name)
    const map = mapFields.find((field) => field === name)
    const entry = entryFields.find((field) => field === name)
    if (text !== undefined) this.texts.set(text, textValue(value, place, name))
    if (flag !== undefined) this.flags.set(flag, boolOf(value, place, name))
    if (list !== undefined) this.lists.set(list, listValue(value, place, name))
    if (map !== undefined) this.maps.set(map, mapValue(value, place, name))
    if (entry !== undefined) this.entries.set(entry, entryValues(entry, value, place))
    const field = text ?? flag ?? list ?? map ?? entry
    if (field !== undefined) this.places.set(field, namePlace)
  }
}

function textValue(value: Value, place: Place, name: string): string {
  const text = textOf(value)
  if (text === undefined) throw wrongType(place, `${name} must be a string, but this is ${described(value)}`)
  return text
}

function listValue(value: Value, place: Place, name: string): readonly string[] {
  if (!isList(value)) {
    throw wrongType(
      place,
      `${name} must be a list of strings, but this is ${described(value)}`,
      `write ${name} = ["…"]`,
    )
  }
  return value.map((item, at) => textValue(item, place, `item ${at} of ${name}`))
}

/** A value that is null was not said. */
function mapValue(value: Value, place: Place, name: string): ReadonlyMap<string, string> {
  if (!isMap(value)) {
    throw wrongType(
      place,
      `${name} must be a map, but this is ${described(value)}`,
      `write ${name} = { KEY = "value" }`,
    )
  }
  return new Map(
    [...value].flatMap(([key, item]) =>
      item === null ? [] : [[key, textValue(item, place, `"${key}" of ${name}`)] as const],
    ),
  )
}

function entryValues(field: EntryField, value: Value, place: Place): readonly Entry[] {
  if (!isList(value))
    throw wrongType(place, `${field} must be a list, but this is ${described(value)}`, `write ${field} = ["…"]`)
  return value.filter((item) => item !== '' && item !== null).map((item) => readEntry(field, item, place))
}
