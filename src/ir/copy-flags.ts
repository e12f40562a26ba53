import { replacing, type Span } from '../base/index.ts'
import type { InstructionSite } from './instruction-site.ts'

/** A flag's expanded value and where it stands; `plain` when it is written just so. */
export interface FlagText {
  readonly text: string
  readonly span: Span
  readonly plain: boolean
}

/** Checks the form of --chown; false after reporting it. */
export function checkOwner(site: InstructionSite, owner: FlagText | undefined): boolean {
  if (owner === undefined || /^[^:\s]+(?::[^:\s]+)?$/.test(owner.text)) return true
  const message = `invalid chown parameter: '${owner.text}'. it should be user or user:group`
  site.error('invalid-chown', message, owner.span, {
    hint: owner.text.startsWith(':')
      ? 'a group needs a user in front of it, e.g. --chown=root:app'
      : 'names or numbers, e.g. --chown=app:app or --chown=1000:1000',
  })
  return false
}

const octalMode = /^0*[0-7]{1,4}$/
const symbolicMode = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+(?:,[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+)*$/

/** Checks the form of --chmod; false after reporting it. */
export function checkMode(site: InstructionSite, mode: FlagText | undefined): boolean {
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
