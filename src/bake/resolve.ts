import { type Diagnostic, nearest, ToolError } from '../base/index.ts'
import type { BakeDefinition } from './definition.ts'
import type { Overrides } from './overrides.ts'
import { collecting, type Place, Problem } from './problem.ts'
import { type BakeTarget, emptyTarget, mergeTargets, normalizeTarget } from './target.ts'

/** What is to be built: the targets that were asked for, with what they inherit, and those that they stand on. */
export interface BakePlan {
  /** Each after those whose results it uses. */
  readonly targets: readonly BakeTarget[]
  /** Names as they were asked for, and of what: the `default` group first. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  readonly diagnostics: readonly Diagnostic[]
}

/** Chooses targets and groups by name (`default` without one). Throws `ToolError` `usage` for a name that is not there. */
export function resolveTargets(definition: BakeDefinition, names: readonly string[], overrides: Overrides): BakePlan {
  const resolver = new Resolver(definition, overrides)
  return resolver.plan(names.length === 0 ? ['default'] : names)
}

/** The name of another target's result as a context: `target:NAME`. */
export function linkedTarget(context: string): string | undefined {
  return context.startsWith('target:') ? context.slice('target:'.length) : undefined
}

class Resolver {
  readonly #definition: BakeDefinition
  readonly #overrides: Overrides
  readonly #diagnostics: Diagnostic[] = []
  readonly #resolved = new Map<string, BakeTarget>()
  readonly #groups = new Map<string, readonly string[]>()

  constructor(definition: BakeDefinition, overrides: Overrides) {
    this.#definition = definition
    this.#overrides = overrides
  }

  plan(names: readonly string[]): BakePlan {
    const wanted: string[] = []
    for (const name of names) {
      const found = collecting(this.#diagnostics, () => this.#members(name, undefined, []))
      wanted.push(...(found ?? []))
    }
    const asked = names.filter((name) => name !== 'default')
    if (asked.length > 0) {
      const known = this.#groups.get('default') ?? []
      this.#groups.delete('default')
      this.#groups.set('default', [...new Set([...known, ...asked])])
    }
    const planned = new Map<string, BakeTarget>()
    for (const name of new Set(wanted)) {
      collecting(this.#diagnostics, () => this.#add(name, undefined, [], planned, new Set(wanted)))
    }
    return { targets: [...planned.values()], groups: this.#groups, diagnostics: this.#diagnostics }
  }

  /** Names of the targets that a name means, groups taken apart. */
  #members(name: string, place: Place | undefined, open: readonly string[]): readonly string[] {
    const group = this.#definition.groups.find((one) => one.name === name)
    // A name inside a group of the same name is a target.
    if (group === undefined || (open.includes(name) && this.#find(name) !== undefined))
      return [this.#require(name, place)]
    if (open.includes(name)) throw loop(group.place, 'the group', [...open, name])
    this.#groups.set(name, group.targets)
    return group.targets.flatMap((member) => this.#members(member, group.place, [...open, name]))
  }

  #find(name: string): BakeTarget | undefined {
    return this.#definition.targets.find((target) => target.name === name)
  }

  #require(name: string, place: Place | undefined): string {
    if (this.#find(name) !== undefined) return name
    const known = [...this.#definition.targets, ...this.#definition.groups].map((one) => one.name)
    const near = nearest(name, known)
    const listed = known.length === 0 ? 'the files define none' : `there are ${known.join(', ')}`
    const hint = near === undefined ? listed : `did you mean ${near}?`
    if (place === undefined) {
      const message = name === 'default' ? 'there is no target or group "default"' : `there is no target "${name}"`
      const more =
        name === 'default' && known.length > 0 ? `name what to build: longshore bake ${known[0] ?? ''}` : hint
      throw new ToolError('usage', message, { hint: more })
    }
    throw new Problem(place, { code: 'bake-unknown-name', message: `there is no target "${name}"`, hint })
  }

  /** Adds a target, and before it those whose results it uses. */
  #add(
    name: string,
    place: Place | undefined,
    open: readonly string[],
    planned: Map<string, BakeTarget>,
    wanted: ReadonlySet<string>,
  ): void {
    const target = this.#resolve(this.#require(name, place), place, [])
    if (open.includes(name)) throw loop(place ?? target.place, 'the contexts of', [...open, name])
    if (planned.has(name)) return
    for (const context of target.maps.get('contexts')?.values() ?? []) {
      const linked = linkedTarget(context)
      if (linked !== undefined) this.#add(linked, target.places.get('contexts'), [...open, name], planned, wanted)
    }
    planned.set(name, wanted.has(name) ? target : linkedOnly(target))
  }

  #resolve(name: string, place: Place | undefined, open: readonly string[]): BakeTarget {
    const known = this.#resolved.get(name)
    if (known !== undefined) return known
    const own = this.#find(this.#require(name, place)) ?? emptyTarget(name, { file: '', span: { start: 0, end: 0 } })
    if (open.includes(name)) throw loop(place ?? own.place, 'the target', [...open, name])
    let base = emptyTarget(name, own.place)
    for (const parent of own.lists.get('inherits') ?? []) {
      base = mergeTargets(base, this.#resolve(parent, own.places.get('inherits') ?? own.place, [...open, name]))
    }
    const merged = this.#overrides.apply({ ...mergeTargets(base, own), name, place: own.place })
    const lists = new Map(merged.lists)
    lists.delete('inherits')
    const texts = new Map(merged.texts)
    if ((texts.get('context') ?? '') === '') texts.set('context', '.')
    if ((texts.get('dockerfile') ?? '') === '') texts.set('dockerfile', 'Dockerfile')
    const target = normalizeTarget({ ...merged, texts, lists })
    this.#resolved.set(name, target)
    return target
  }
}

/** Nothing is asked of it but to be there. */
function linkedOnly(target: BakeTarget): BakeTarget {
  const entries = new Map(target.entries)
  entries.set('output', [{ type: 'cacheonly' }])
  return { ...target, entries, isLinked: true }
}

function loop(place: Place, what: string, names: readonly string[]): Problem {
  const last = names.at(-1) ?? ''
  return new Problem(place, {
    code: 'bake-loop',
    message: `${what} "${last}" lead${what.startsWith('the contexts') ? '' : 's'} back to itself: ${names.slice(names.indexOf(last)).join(' → ')}`,
    hint: 'remove one of these references',
  })
}
