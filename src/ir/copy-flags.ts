import { matchPatterns, replacing, type SelectionRules, type Span } from '../base/index.ts'
import type { AddInstruction, CopyInstruction, Flag } from '../dockerfile/index.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import type { InstructionSite } from './instruction-site.ts'
import type { CopyOperation } from './types.ts'

type CopyFlag = Flag<'copy'> | Flag<'add'>

/** The part of a COPY or ADD that its flags decide, --from left out. */
export type CopyFlags = Pick<CopyOperation, 'chown' | 'chmod' | 'rules' | 'link' | 'unpack'>

/** Reads --chown, --chmod, --exclude, --parents, --link and --unpack. Undefined after an error. */
export function copyFlags(
  site: InstructionSite,
  copy: CopyInstruction | AddInstruction,
  scope: Scope,
): CopyFlags | undefined {
  const owner = expandFlag(site, copy.flags, 'chown', scope)
  if (owner === 'failed' || !checkOwner(site, owner)) return undefined
  const mode = expandFlag(site, copy.flags, 'chmod', scope)
  if (mode === 'failed' || !checkMode(site, mode)) return undefined
  const rules = selectionRules(site, copy.flags)
  if (rules === 'failed') return undefined
  // --chmod turns --link off, as in BuildKit.
  const isLink = isOn(copy.flags, 'link') && mode === undefined
  if (isLink && !checkLinkOwner(site, owner)) return undefined
  return {
    ...(owner === undefined ? {} : { chown: owner.text }),
    ...(mode === undefined ? {} : { chmod: mode.text }),
    ...(rules === undefined ? {} : { rules }),
    ...(isLink ? { link: true as const } : {}),
    unpack: copy.kind === 'add' && copy.flags.every(({ name, value }) => name !== 'unpack' || value !== 'false'),
  }
}

/** Whether a boolean flag is given as true. */
export function isOn(flags: readonly CopyFlag[], name: CopyFlag['name']): boolean {
  return flags.some((flag) => flag.name === name && flag.value === 'true')
}

/** --exclude, whose values are not expanded, and --parents; undefined when neither is given. */
function selectionRules(site: InstructionSite, flags: readonly CopyFlag[]): SelectionRules | 'failed' | undefined {
  const given = flags.filter((flag) => flag.name === 'exclude')
  for (const flag of given) {
    if (matchPatterns([flag.value]).malformed.length === 0) continue
    const message = `invalid pattern "${flag.value}" of --exclude`
    site.error('invalid-exclude', message, site.span({ span: flag.valueSpan }), {
      hint: 'close the [class], write a literal [ as [[], and put a path after "!"',
    })
    return 'failed'
  }
  const parents = isOn(flags, 'parents')
  return given.length === 0 && !parents ? undefined : { excludes: given.map((flag) => flag.value), parents }
}

/** A flag's expanded value and where it stands; `plain` when it is written just so. */
interface FlagText {
  readonly text: string
  readonly span: Span
  readonly plain: boolean
}

function expandFlag(
  site: InstructionSite,
  flags: readonly CopyFlag[],
  name: 'chown' | 'chmod',
  scope: Scope,
): FlagText | 'failed' | undefined {
  const flag = flags.find((candidate) => candidate.name === name)
  if (flag === undefined) return undefined
  const text = expandIn(site, { text: flag.value, span: flag.valueSpan }, scope)
  if (text === undefined) return 'failed'
  return text === '' ? undefined : { text, span: site.span({ span: flag.valueSpan }), plain: text === flag.value }
}

function checkOwner(site: InstructionSite, owner: FlagText | undefined): boolean {
  if (owner === undefined || /^[^:\s]+(?::[^:\s]+)?$/.test(owner.text)) return true
  const message = `invalid chown parameter: '${owner.text}'. it should be user or user:group`
  site.error('invalid-chown', message, owner.span, {
    hint: owner.text.startsWith(':')
      ? 'a group needs a user in front of it, e.g. --chown=root:app'
      : 'names or numbers, e.g. --chown=app:app or --chown=1000:1000',
  })
  return false
}

/** The layer of --link knows no passwd: BuildKit takes 0:0 for any name there, which nobody wants. */
function checkLinkOwner(site: InstructionSite, owner: FlagText | undefined): boolean {
  if (owner === undefined || /^\d+(?::\d+)?$/.test(owner.text)) return true
  const message = `--link makes its layer without the image below, so the name in --chown=${owner.text} means nothing there`
  site.error('link-chown-name', message, owner.span, {
    hint: 'give numbers, e.g. --chown=1000:1000, or leave --link out',
  })
  return false
}

const octalMode = /^0*[0-7]{1,4}$/
const symbolicMode = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+(?:,[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+)*$/

function checkMode(site: InstructionSite, mode: FlagText | undefined): boolean {
  if (mode === undefined || isMode(mode.text)) return true
  const { text, span, plain } = mode
  const message = `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`
  const meant = intendedMode(text)
  site.error('invalid-chmod', message, span, {
    hint: `octal as 644 or 0755, or symbolic as u=rwX,go=rX${meant === undefined ? '' : `; here ${meant}`}`,
    fix: meant === undefined || !plain ? undefined : replacing(span, meant),
  })
  return false
}

function isMode(text: string): boolean {
  return octalMode.test(text) || symbolicMode.test(text)
}

/** The mode that `0o755`, `rwxr-xr-x` (as ls prints it) or a list with a comma too many means. */
function intendedMode(text: string): string | undefined {
  const listed = /^[-d]?((?:[r-][w-][x-]){3})$/.exec(text)?.[1]
  if (listed !== undefined) {
    const bits = listed.replace(/[^-]/g, '1').replaceAll('-', '0')
    return `0${Number.parseInt(bits, 2).toString(8).padStart(3, '0')}`
  }
  const plain = text.replace(/^0o/i, '0').replace(/^,|,$/g, '')
  return plain !== text && isMode(plain) ? plain : undefined
}
