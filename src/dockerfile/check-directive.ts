import { lintRules } from '../../grammar/index.ts'
import type { Diagnostic } from '../base/index.ts'
import type { Directive } from './ast.ts'

/**
 * What `# check=skip=A,B;error=true` asks: the warnings of skipped rules (`skip=all`: of every rule) go, and with
 * `error=true` those that stay become errors. Names are compared without case.
 */
export function applyCheckDirective(
  directives: readonly Directive[],
  diagnostics: readonly Diagnostic[],
): readonly Diagnostic[] {
  const value = directives.find((directive) => directive.name === 'check')?.value
  if (value === undefined) return diagnostics
  const settings = new Map<string, string>()
  for (const part of value.split(';')) {
    const [name = '', setting = ''] = part.split('=', 2)
    settings.set(name.trim().toLowerCase(), setting.trim().toLowerCase())
  }
  const skipped = new Set((settings.get('skip') ?? '').split(',').map((name) => name.trim()))
  const asErrors = settings.get('error') === 'true'
  const isRule = (code: string) => lintRules.some((rule) => rule.code === code)
  const isSkipped = (code: string) =>
    skipped.has('all') || lintRules.some((rule) => rule.code === code && skipped.has(rule.name.toLowerCase()))
  return diagnostics
    .filter(({ code }) => !isRule(code) || !isSkipped(code))
    .map((found) => (asErrors && isRule(found.code) ? { ...found, severity: 'error' } : found))
}
