import {
  type ContentDigest,
  isDigest,
  type ListedEntry,
  parseContentDigest,
  parseDigest,
  parseStepKey,
} from '../base/index.ts'
import type { BuildTrace, MissCause, TracedBase, TracedStep } from '../ports/index.ts'
import { all, type Fields, isComponents, isFields } from './decode.ts'

const statuses = ['cached', 'ran', 'failed', 'canceled', 'not-reached'] as const

/** Decodes a trace file; undefined when a field is missing or of another shape. */
export function decodeBuildTrace(value: unknown): BuildTrace | undefined {
  if (!isFields(value)) return undefined
  const { id, created, durationMs, imageId } = value
  if (typeof id !== 'string' || typeof created !== 'string' || typeof durationMs !== 'number') return undefined
  const bases = all(value['bases'], decodeBase)
  const steps = all(value['steps'], decodeStep)
  if (bases === undefined || steps === undefined) return undefined
  const image = typeof imageId === 'string' && isDigest(imageId) ? { imageId: parseDigest(imageId) } : {}
  return { id, created, durationMs, ...image, bases, steps }
}

/** Decodes a listing file; undefined when it is of another shape. */
export function decodeListing(value: unknown): readonly ListedEntry[] | undefined {
  return all(value, (item) => {
    if (!isFields(item)) return undefined
    const { path, type, mode, sizeBytes, content } = item
    if (typeof path !== 'string' || typeof type !== 'string') return undefined
    if (typeof mode !== 'number' || typeof sizeBytes !== 'number') return undefined
    return { path, type, mode, sizeBytes, ...(typeof content === 'string' ? { content } : {}) }
  })
}

function decodeBase(value: unknown): TracedBase | undefined {
  if (!isFields(value)) return undefined
  const { stage, reference, imageId } = value
  if (typeof stage !== 'string' || typeof reference !== 'string') return undefined
  if (typeof imageId !== 'string' || !isDigest(imageId)) return undefined
  const layers = all(value['layers'], decodeContentDigest)
  return layers === undefined ? undefined : { stage, reference, imageId: parseDigest(imageId), layers }
}

function decodeContentDigest(value: unknown): ContentDigest | undefined {
  return typeof value === 'string' && isDigest(value) ? parseContentDigest(value) : undefined
}

function decodeStep(value: unknown): TracedStep | undefined {
  if (!isFields(value)) return undefined
  const { label, stage, ordinal, text, file, startLine, durationMs } = value
  if (typeof label !== 'string' || typeof stage !== 'string' || typeof ordinal !== 'number') return undefined
  if (typeof text !== 'string' || typeof file !== 'string') return undefined
  if (typeof startLine !== 'number' || typeof durationMs !== 'number') return undefined
  const status = statuses.find((known) => known === value['status'])
  if (status === undefined) return undefined
  const causes = all(value['causes'], decodeCause)
  if (causes === undefined) return undefined
  return {
    label,
    stage,
    ordinal,
    text,
    file,
    startLine,
    status,
    durationMs,
    causes,
    ...decodeExitCode(value),
    ...decodeKey(value),
  }
}

const changes = ['added', 'removed', 'content', 'mode', 'type'] as const

function decodeCause(value: unknown): MissCause | undefined {
  if (!isFields(value)) return undefined
  const { kind } = value
  const text = (name: string): string => (typeof value[name] === 'string' ? value[name] : '')
  const { before, after, rule } = value
  const sides = {
    ...(typeof before === 'string' ? { before } : {}),
    ...(typeof after === 'string' ? { after } : {}),
  }
  switch (kind) {
    case 'first-time':
    case 'forgotten':
    case 'no-cache':
    case 'too-old':
    case 'new-instruction':
    case 'canceled':
      return { kind }
    case 'failed':
      return { kind, ...decodeExitCode(value) }
    case 'file': {
      const change = changes.find((known) => known === value['change'])
      return change === undefined
        ? undefined
        : { kind, change, path: text('path'), ...(typeof rule === 'string' ? { rule } : {}) }
    }
    case 'files':
      return { kind, from: text('from') }
    case 'variable':
      return { kind, name: text('name'), ...sides }
    case 'part':
      return { kind, name: text('name'), before: text('before'), after: text('after') }
    case 'base':
      return { kind, reference: text('reference'), ...sides }
    case 'step':
      return { kind, label: text('label') }
    case 'waits':
      return { kind, for: text('for') }
    default:
      return undefined
  }
}

function decodeExitCode({ exitCode }: Fields): { readonly exitCode?: number } {
  return typeof exitCode === 'number' ? { exitCode } : {}
}

function decodeKey({
  key,
  files,
  mounted,
  components,
}: Fields): Pick<TracedStep, 'key' | 'files' | 'mounted' | 'components'> {
  const taken = decodeContentDigest(files)
  const shown = all(mounted, decodeContentDigest)
  return {
    ...(taken === undefined ? {} : { files: taken }),
    ...(shown === undefined ? {} : { mounted: shown }),
    ...(typeof key === 'string' && isDigest(key) ? { key: parseStepKey(key) } : {}),
    ...(isComponents(components) ? { components } : {}),
  }
}
