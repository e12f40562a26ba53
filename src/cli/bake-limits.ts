import type { BakeTarget, Field } from '../bake/index.ts'
import type { Diagnostic } from '../base/index.ts'
import { isCacheType } from '../engine/cache-spec.ts'

/** What a target asks for that there is not. A warning where the image is the same without, else an error. */
export function bakeLimits(target: BakeTarget, allowed: ReadonlySet<string>): readonly Diagnostic[] {
  const { name, texts, lists, entries, places, place } = target
  const found: Diagnostic[] = []
  const say = (severity: Diagnostic['severity'], field: Field, what: string, hint: string): void => {
    const message = `the target "${name}": ${what}`
    found.push({ code: 'bake-not-supported', severity, message, ...(places.get(field) ?? place), hint })
  }
  const kept = 'results are kept in the store, which every build of this machine looks into'
  for (const field of ['cache-from', 'cache-to'] as const) {
    const type = entries.get(field)?.find((entry) => !isCacheType(entry['type'] ?? ''))?.['type']
    if (type !== undefined) say('warning', field, `${field} of type=${type} is passed over`, kept)
  }
  if ((entries.get('attest') ?? []).some(({ disabled }) => disabled !== 'true')) {
    say('warning', 'attest', 'no attestations are made', 'the image comes without; make them with a tool of their own')
  }
  const call = texts.get('call') ?? 'build'
  if (call !== 'build') {
    say(
      'error',
      'call',
      `call = "${call}" is not supported`,
      'build the target, or check its Dockerfile with longshore check',
    )
  }
  const network = texts.get('network') ?? 'default'
  if (!['default', 'none', 'host'].includes(network)) {
    say('error', 'network', `there is no network "${network}"`, 'there are default, none and host')
  }
  for (const right of lists.get('entitlements') ?? []) {
    if (right === 'network.host' || allowed.has(right)) continue
    if (right === 'security.insecure') {
      say('error', 'entitlements', `it wants the right ${right}`, 'give it with --allow security.insecure')
    } else say('error', 'entitlements', `there is no right "${right}"`, 'there are network.host and security.insecure')
  }
  return found
}
