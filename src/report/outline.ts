import { positionAt, type SourceFile, type Span, sanitizeForTerminal } from '../base/index.ts'
import type { MountDescription, Outline, TargetDescription } from '../ir/index.ts'
import { goJson, locationJson, tabbed } from './buildkit-json.ts'

/** `--call=targets`: names and descriptions of the stages, the default one marked. */
export function renderTargets(targets: readonly TargetDescription[]): string {
  const rows = targets.map(({ name, isDefault, description = '' }) => {
    const shown = isDefault ? `${name === undefined ? '' : `${name} `}(default)` : (name ?? '')
    return [shown, sanitizeForTerminal(description)]
  })
  return tabbed([['TARGET', 'DESCRIPTION'], ...rows], 3)
}

/** The same as BuildKit's JSON. */
export function targetsJson(targets: readonly TargetDescription[], source: SourceFile): string {
  return goJson({
    targets: targets.map(({ isDefault, name, description, base, platform, span }) => ({
      ...(name === undefined ? {} : { name }),
      ...(isDefault ? { default: true } : {}),
      ...(description === undefined ? {} : { description }),
      base,
      ...(platform === undefined ? {} : { platform }),
      location: locationOf(span, source),
    })),
    sources: [Buffer.from(source.text).toString('base64')],
  })
}

/** `--call=outline`: a table for each kind of thing that the target takes. */
export function renderOutline({ name, description, args, secrets, ssh, caches }: Outline): string {
  const tables: string[] = []
  if (name !== undefined || description !== undefined) {
    const rows = [['TARGET:', name ?? '(default)']]
    if (description !== undefined) rows.push(['DESCRIPTION:', sanitizeForTerminal(description)])
    tables.push(tabbed(rows, 1))
  }
  if (args.length > 0) {
    const rows = args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? ''].map(sanitizeForTerminal))
    tables.push(tabbed([['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...rows], 3))
  }
  for (const [title, mounts] of [
    ['SECRET', secrets],
    ['SSH', ssh],
  ] as const) {
    const rows = mounts.map(({ id, required }) => [sanitizeForTerminal(id), required ? 'true' : ''])
    if (rows.length > 0) tables.push(tabbed([[title, 'REQUIRED'], ...rows], 3))
  }
  if (caches.length > 0) tables.push(tabbed([['CACHE'], ...caches.map(({ id }) => [sanitizeForTerminal(id)])], 3))
  return tables.map((table) => `${table}\n`).join('')
}

/** The same as BuildKit's JSON. */
export function outlineJson(outline: Outline, source: SourceFile): string {
  const { name, description, args, secrets, ssh, caches } = outline
  const mounts = (list: readonly MountDescription[]) =>
    list.map(({ id, required, span }) => ({
      name: id,
      ...(required ? { required } : {}),
      location: locationOf(span, source),
    }))
  return goJson({
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(args.length === 0
      ? {}
      : {
          args: args.map(({ span, name, description, value }) => ({
            name,
            ...(description === undefined ? {} : { description }),
            ...(value === undefined || value === '' ? {} : { value }),
            location: locationOf(span, source),
          })),
        }),
    ...(secrets.length === 0 ? {} : { secrets: mounts(secrets) }),
    ...(ssh.length === 0 ? {} : { ssh: mounts(ssh) }),
    ...(caches.length === 0
      ? {}
      : { cache: caches.map(({ id, span }) => ({ ID: id, location: locationOf(span, source) })) }),
    sources: [Buffer.from(source.text).toString('base64')],
  })
}

function locationOf({ start, end }: Span, source: SourceFile): object {
  return locationJson({
    start: positionAt(source, start).line,
    end: positionAt(source, Math.max(start, end - 1)).line,
  })
}
