import { plainValue, printPlan } from '../bake/index.ts'
import { type Diagnostic, hasErrors, type SourceFile, ToolError } from '../base/index.ts'
import { type OpenBake, openBake } from '../engine/open-bake.ts'
import { type Column, renderDiagnostic, renderListing } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { BakeFlags } from './flags.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore bake`; returns the exit code. */
export async function runBake(
  targets: readonly string[],
  flags: BakeFlags,
  _root: string | undefined,
): Promise<number> {
  const host = processHost()
  const question = { files: flags.file, targets, set: flags.set, variables: variableValues(flags.var) }
  const isListing = flags.list !== undefined
  const opened = await openBake(question, host, !isListing)
  process.stderr.write(diagnosticsText(opened.diagnostics, opened.sources))
  if (hasErrors(opened.diagnostics)) return exitCodes.error
  if (flags.list !== undefined) process.stdout.write(listing(opened, flags.list, flags.format))
  else if (opened.plan !== undefined) process.stdout.write(printPlan(opened.plan))
  return exitCodes.done
}

function variableValues(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const
      throw new ToolError('usage', `--var ${text}: it gives no value`, { hint: 'write --var NAME=VALUE' })
    }),
  )
}

/** Diagnostics with the lines of the files that they are about. */
function diagnosticsText(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]): string {
  return diagnostics
    .map(
      (one) =>
        `${renderDiagnostic(
          one,
          sources.find(({ name }) => name === one.file),
        )}\n`,
    )
    .join('')
}

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

/** `targets`, `variables`, and as buildx has it `type=targets,format=json`. Groups are among the targets. */
function listing({ definition }: OpenBake, what: string, format: string | undefined): string {
  const fields = new Map(what.split(',').map((part) => (part.includes('=') ? splitPair(part) : ['type', part])))
  const type = fields.get('type')
  const chosen = format ?? fields.get('format')
  if (type === 'targets') {
    const rows = [...definition.groups, ...definition.targets.filter(({ name }) => !name.startsWith('_'))].map(
      (one) => ({
        Name: one.name,
        Description: ('texts' in one ? one.texts.get('description') : one.description) ?? '',
      }),
    )
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
