import type { Command, Word } from '../dockerfile/index.ts'
import type { InstructionSite } from './instruction-site.ts'
import type { StageState } from './stage-state.ts'

/** Words that mean the same with and without a shell; `exec` and the like are for shells. */
const plainCommand = /^(?!(?:exec|cd|export|set|eval|source|[.:])(?: |$))[\w./:@%+,-]+(?: +[\w./:@%+,=-]+)*$/

function execForm(text: string): string {
  return `[${text
    .split(/ +/)
    .map((word) => JSON.stringify(word))
    .join(', ')}]`
}

/** JSONArgsRecommended: CMD or ENTRYPOINT in shell form, where no SHELL says that a shell is wanted. */
export function warnShellForm(site: InstructionSite, command: Command, state: StageState): void {
  if (command.kind !== 'shell' || state.shell !== undefined) return
  const keyword = site.instruction.keyword.text
  const message = `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`
  const { text, span } = command
  const json = plainCommand.test(text) && span.end - span.start === text.length ? execForm(text) : undefined
  site.warning('json-args-recommended', message, site.span(command), {
    hint: `a shell stands between signals and the command; write ${keyword} ["program", "argument"], or set SHELL to keep it`,
    fix: json === undefined ? undefined : { title: `write ${json}`, edits: [{ span, text: json }] },
  })
}

/** ExposeProtoCasing and ExposeInvalidFormat; a fix only for what no variable made. */
export function warnExposed(site: InstructionSite, word: Word, text: string): void {
  const [address = '', protocol = ''] = text.split('/')
  const span = site.span(word)
  const fixTo = (fixed: string) =>
    word.text === text && span.end - span.start === text.length
      ? { title: `write ${fixed}`, edits: [{ span, text: fixed }] }
      : undefined
  if (protocol !== protocol.toLowerCase()) {
    const fixed = `${address}/${protocol.toLowerCase()}`
    const message = `Defined protocol '${text}' in EXPOSE instruction should be lowercase`
    site.warning('expose-proto-casing', message, span, { hint: `write ${fixed}`, fix: fixTo(fixed) })
  }
  if (address.includes(':')) {
    const fixed = text.slice(address.lastIndexOf(':') + 1)
    const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${text}'`
    const hint = `write ${fixed}; which port of the machine leads to it is said when a container starts`
    site.warning('expose-invalid-format', message, span, { hint, fix: fixTo(fixed) })
  }
}
