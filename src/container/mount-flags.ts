import { parseSize, ToolError } from '../base/index.ts'
import type { MountSpec } from './container-spec.ts'

/** Makes a relative source (`./data`) absolute. */
type AbsolutePath = (path: string) => string

/**
 * Parses `-v [SOURCE:]TARGET[:OPTIONS]`: a source with a slash or a dot in front is a path of this machine, another one the
 * name of a volume; without one the volume has no name. Options: ro, rw, nocopy; z, Z, U and propagation words say nothing here.
 * Throws `ToolError` `usage`.
 */
export function parseVolumeFlag(text: string, absolutePath: AbsolutePath): MountSpec {
  const parts = text.split(':')
  const bad = (why: string): ToolError =>
    new ToolError('usage', `cannot read -v "${text}": ${why}`, {
      hint: 'expected SOURCE:TARGET or SOURCE:TARGET:ro, for example -v ./data:/data:ro',
    })
  if (parts.length > 3 || parts.includes('')) throw bad('it is not SOURCE:TARGET[:ro]')
  const [source, target, options = ''] = parts.length === 1 ? ['', parts[0] ?? ''] : parts
  if (target === undefined || source === undefined) throw bad('it is not SOURCE:TARGET[:ro]')
  requireTarget(target, bad)
  const words = options === '' ? [] : options.split(',')
  const unknown = words.find((word) => !volumeOptions.includes(word))
  if (unknown !== undefined) throw bad(`the mode is "${unknown}"`)
  const readonly = words.includes('ro')
  if (/^[/.]/.test(source)) return { kind: 'bind', source: absolutePath(source), target, readonly }
  return { kind: 'volume', name: source, target, readonly, anonymous: source === '', copy: !words.includes('nocopy') }
}

const volumeOptions = [
  'ro',
  'rw',
  'nocopy',
  'z',
  'Z',
  'U',
  'rprivate',
  'private',
  'rslave',
  'slave',
  'rshared',
  'shared',
  'cached',
  'delegated',
  'consistent',
]

/** Parses `--mount type=bind|volume|tmpfs,…` as docker does. Throws `ToolError` `usage`. */
export function parseMountFlag(text: string, absolutePath: AbsolutePath): MountSpec {
  const bad = (why: string): ToolError =>
    new ToolError('usage', `cannot read --mount "${text}": ${why}`, {
      hint: 'for example --mount type=bind,source=./data,target=/data,readonly',
    })
  const fields = new Map<string, string>()
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=')
    const key = (at < 0 ? pair : pair.slice(0, at)).toLowerCase()
    const name = fieldNames[key]
    if (name === undefined) throw bad(`there is no "${key}"`)
    fields.set(name, at < 0 ? 'true' : pair.slice(at + 1))
  }
  const target = fields.get('target')
  if (target === undefined) throw bad('the target is missing')
  requireTarget(target, bad)
  const readonly = booleanOf(fields.get('readonly'), bad)
  const source = fields.get('source') ?? ''
  const type = fields.get('type') ?? 'volume'
  if (type === 'bind') {
    if (source === '') throw bad('a bind needs a source')
    return { kind: 'bind', source: absolutePath(source), target, readonly }
  }
  if (type === 'volume') {
    const copy = !booleanOf(fields.get('nocopy'), bad)
    return { kind: 'volume', name: source, target, readonly, anonymous: source === '', copy }
  }
  if (type !== 'tmpfs') throw bad(`the type is "${type}", expected bind, volume or tmpfs`)
  if (source !== '') throw bad('a tmpfs has no source')
  const size = fields.get('size')
  const mode = fields.get('mode')
  return {
    ...{ kind: 'tmpfs', target },
    ...(size === undefined ? {} : { sizeBytes: parseSize(size, '--mount') }),
    ...(mode === undefined ? {} : { mode: parseMode(mode, bad) }),
  }
}

const fieldNames: Readonly<Record<string, string>> = {
  ...{ type: 'type', source: 'source', src: 'source', target: 'target', dst: 'target', destination: 'target' },
  ...{ readonly: 'readonly', ro: 'readonly', 'tmpfs-size': 'size', 'tmpfs-mode': 'mode', 'volume-nocopy': 'nocopy' },
  ...{ 'bind-propagation': 'propagation', consistency: 'consistency' },
}

/** Parses `--tmpfs TARGET[:OPTIONS]`. Throws `ToolError` `usage`. */
export function parseTmpfsFlag(text: string): MountSpec {
  const bad = (why: string): ToolError =>
    new ToolError('usage', `cannot read --tmpfs "${text}": ${why}`, {
      hint: 'for example --tmpfs /run:size=64m,mode=755',
    })
  const [target = '', ...rest] = text.split(':')
  requireTarget(target, bad)
  let spec: Extract<MountSpec, { kind: 'tmpfs' }> = { kind: 'tmpfs', target }
  for (const option of rest
    .join(':')
    .split(',')
    .filter((word) => word !== '')) {
    const [key = '', value = ''] = option.split('=')
    if (key === 'size') spec = { ...spec, sizeBytes: parseSize(value, '--tmpfs') }
    else if (key === 'mode') spec = { ...spec, mode: parseMode(value, bad) }
    // Ours are so anyway; a tmpfs that may execute is the kernel's default.
    else if (!['rw', 'nosuid', 'nodev', 'exec', 'noexec'].includes(key)) throw bad(`there is no option "${key}"`)
  }
  return spec
}

function requireTarget(target: string, bad: (why: string) => ToolError): void {
  if (!target.startsWith('/')) throw bad(`the target "${target}" is not absolute`)
  if (/^\/+$/.test(target)) throw bad('the root directory cannot be a target')
}

function parseMode(text: string, bad: (why: string) => ToolError): number {
  if (!/^[0-7]{1,5}$/.test(text)) throw bad(`the mode "${text}" is not octal`)
  return Number.parseInt(text, 8)
}

function booleanOf(text: string | undefined, bad: (why: string) => ToolError): boolean {
  if (text === undefined || text === 'false' || text === '0') return false
  if (text === 'true' || text === '1' || text === '') return true
  throw bad(`"${text}" is neither true nor false`)
}
