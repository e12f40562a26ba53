import { type LintRule, lintRule } from '../../grammar/index.ts'
import { compareCodeUnits, type Diagnostic, hasErrors, type SourceFile, type Span } from '../base/index.ts'
import type { ParsedDockerfile } from './ast.ts'
import { allCommentsAbove } from './comments-above.ts'

/** What `skip=A,B;error=true;experimental=C` asks for. Names of rules are compared without case. */
export interface LintSettings {
  readonly skip: ReadonlySet<string>
  readonly experimental: ReadonlySet<string>
  readonly asErrors: boolean
}

/** Which rules are wanted. */
export interface LintChoice {
  readonly level: 'build' | 'check'
  /** The build argument BUILDKIT_DOCKERFILE_CHECK, which stands for the directive. */
  readonly override?: string | undefined
}

const noSettings: LintSettings = { skip: new Set(), experimental: new Set(), asErrors: false }
const booleans: Readonly<Record<string, boolean>> = { true: true, t: true, 1: true, false: false, f: false, 0: false }

/** Reads the value of a check directive; a wrong part of it comes back as the `invalid` text. */
export function parseLintSettings(text: string): LintSettings | { readonly invalid: string } {
  const settings = { skip: new Set<string>(), experimental: new Set<string>(), asErrors: false }
  for (const part of text.trim() === '' ? [] : text.split(';')) {
    const [, key = '', rest = ''] = /^\s*(\w+)\s*=(.*)$/s.exec(part) ?? []
    const value = rest.trim()
    const asErrors = booleans[value.toLowerCase()]
    if (key === 'skip' || key === 'experimental') {
      for (const name of value.split(',')) settings[key].add(name.trim().toLowerCase())
    } else if (key === 'error' && asErrors !== undefined) settings.asErrors = asErrors
    else return { invalid: part.trim() }
  }
  return settings
}

/**
 * The diagnostics that are wanted, in the order of the file: rules of another level, those that the directive or a
 * `# check=skip=NAME` comment directly above an instruction skips, go. With `error=true` one error names the rules
 * that are left; a directive that cannot be read is an error of its own.
 */
export function chooseDiagnostics(
  parsed: ParsedDockerfile,
  source: SourceFile,
  diagnostics: readonly Diagnostic[],
  choice: LintChoice,
): readonly Diagnostic[] {
  const directive = parsed.directives.find(({ name }) => name === 'check')
  const read = parseLintSettings(choice.override ?? directive?.value ?? '')
  const settings = 'invalid' in read ? noSettings : read
  const span = directive?.span ?? { start: 0, end: 0 }
  const skippedAt = 'invalid' in read || diagnostics.length === 0 ? [] : skippingComments(parsed, source)
  const kept = diagnostics.filter(({ code, span: { start } }) => {
    const rule = lintRule(code)
    return (
      rule === undefined ||
      (isOn(rule, choice, settings) && !skippedAt.some((skip) => contains(skip.span, start) && skips(skip.names, rule)))
    )
  })
  const extra =
    'invalid' in read ? invalidOption(source, span, read.invalid) : settings.asErrors && violation(source, span, kept)
  return [...kept, ...(extra ? [extra] : [])].sort((a, b) => a.span.start - b.span.start)
}

function isOn(rule: LintRule, choice: LintChoice, settings: LintSettings): boolean {
  if (rule.level === 'experimental') return skips(settings.experimental, rule)
  return (rule.level === 'build' || choice.level === 'check') && !skips(settings.skip, rule)
}

function skips(names: ReadonlySet<string>, { name, code }: LintRule): boolean {
  return names.has('all') || names.has(name.toLowerCase()) || names.has(code)
}

function contains(span: Span, offset: number): boolean {
  return offset >= span.start && offset <= span.end
}

/** Instructions with a `# check=skip=…` comment above them, and the names in it. */
function skippingComments(
  parsed: ParsedDockerfile,
  source: SourceFile,
): { readonly span: Span; readonly names: ReadonlySet<string> }[] {
  if (!/^[ \t]*#[ \t]*check[ \t]*=/im.test(source.text)) return []
  return [...allCommentsAbove(source, parsed)].flatMap(([{ span }, comments]) =>
    comments.flatMap((comment) => {
      const value = /^check\s*=\s*(.*)$/i.exec(comment)?.[1]
      const read = value === undefined ? undefined : parseLintSettings(value)
      return read === undefined || 'invalid' in read ? [] : { span, names: read.skip }
    }),
  )
}

function invalidOption(source: SourceFile, span: Span, option: string): Diagnostic {
  return {
    code: 'invalid-check-option',
    severity: 'error',
    message: `invalid check option "${option}"`,
    file: source.name,
    span,
    hint: 'write skip=RULE,RULE (or skip=all), error=true and experimental=RULE, with ; between them',
  }
}

function violation(source: SourceFile, span: Span, kept: readonly Diagnostic[]): Diagnostic | undefined {
  if (hasErrors(kept)) return undefined
  const names = new Set(kept.flatMap(({ code }) => lintRule(code)?.name ?? []))
  if (names.size === 0) return undefined
  return {
    code: 'lint-violation',
    severity: 'error',
    message: `lint violation found for rules: ${[...names].sort(compareCodeUnits).join(', ')}`,
    file: source.name,
    span,
    hint: 'mend what the warnings name, or skip rules: # check=skip=RULE;error=true',
  }
}
