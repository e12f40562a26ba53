import { plainValue } from '../bake/index.ts'
import { ToolError } from '../base/index.ts'
import type { OpenBake } from '../engine/open-bake.ts'
import { type Column, renderListing } from '../report/index.ts'

const targetColumns: readonly Column[] = [
  { field: 'Name', heading: 'TARGET' },
  { field: 'Description', heading: 'DESCRIPTION' },
]
const variableColumns: readonly Column[] = [
  { field: 'Name', heading: 'VARIABLE' },
  { field: 'Type', heading: 'TYPE' },
  { field: 'Value', heading: 'VALUE' },
  { field: 'Description', heading: 'DESCRIPTION' },
]

/** `--list targets`, `--list variables`, and as buildx has it `type=targets,format=json`. Groups are among the targets. */
export function bakeList({ definition }: OpenBake, what: string, format: string | undefined): string {
  const fields = new Map(what.split(',').map((part) => (part.includes('=') ? splitPair(part) : ['type', part])))
  const type = fields.get('type')
  const chosen = format ?? fields.get('format')
  if (type === 'targets') {
    const shown = definition.targets.filter(({ name }) => !name.startsWith('_'))
    const rows = [...definition.groups, ...shown].map((one) => ({
      Name: one.name,
      Description: ('texts' in one ? one.texts.get('description') : one.description) ?? '',
    }))
    return renderListing(targetColumns, ['Name', 'Description'], rows, chosen)
  }
  if (type !== 'variables') {
    throw new ToolError('usage', `--list ${what}: there is no such list`, {
      hint: 'write --list targets or --list variables',
    })
  }
  const rows = definition.variables.map(({ name, type: kind, value, description }) => ({
    Name: name,
    Type: kind,
    Value: value === null ? '<null>' : typeof value === 'string' ? value : JSON.stringify(plainValue(value)),
    Description: description,
  }))
  return renderListing(variableColumns, ['Name', 'Type', 'Value', 'Description'], rows, chosen)
}

function splitPair(part: string): [string, string] {
  const at = part.indexOf('=')
  return [part.slice(0, at), part.slice(at + 1)]
}
