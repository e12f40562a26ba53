import type { EscapeCharacter } from '../../grammar/index.ts'
import type { Scope } from './expand-in-site.ts'

interface DeclaredArg {
  readonly name: string
  readonly value: string | undefined
}

/**
 * The variables of a stage. ENV keeps the order in which names first came and is what the image gets; ARG values are
 * seen by later instructions and by RUN alone. An ENV hides every ARG of its name, wherever either stands.
 */
export class StageVariables {
  readonly #env: Map<string, string>
  readonly #args: DeclaredArg[]

  private constructor(env: Map<string, string>, args: DeclaredArg[]) {
    this.#env = env
    this.#args = args
  }

  /** From an image's `env` entries; one without `=` counts as empty. */
  static ofImage(env: readonly string[]): StageVariables {
    const entries = env.map((entry): [string, string] => {
      const equals = entry.indexOf('=')
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)]
    })
    return new StageVariables(new Map(entries), [])
  }

  /** What a stage that starts from this one begins with: its ENVs and its ARGs. */
  fork(): StageVariables {
    return new StageVariables(new Map(this.#env), [...this.#args])
  }

  setEnv(name: string, value: string): void {
    this.#env.set(name, value)
  }

  /** `value` undefined: declared, but neither default nor build argument. An earlier value of the name then stays. */
  declareArg(name: string, value: string | undefined): void {
    this.#args.push({ name, value })
  }

  lookup(name: string): string | undefined {
    return this.#env.get(name) ?? this.#args.findLast((arg) => arg.name === name && arg.value !== undefined)?.value
  }

  isDeclared(name: string): boolean {
    return this.#env.has(name) || this.#args.some((arg) => arg.name === name)
  }

  names(): Set<string> {
    return new Set([...this.#env.keys(), ...this.#args.map((arg) => arg.name)])
  }

  /** A view of the variables as they are now, for all expansions of one instruction. */
  scope(escapeCharacter: EscapeCharacter): Scope {
    const before = this.fork()
    return {
      escape: escapeCharacter,
      lookup: (name) => before.lookup(name),
      isDeclared: (name) => before.isDeclared(name),
      names: () => before.names(),
    }
  }

  /** The image's `env`. */
  imageEnv(): string[] {
    return [...this.#env].map(([name, value]) => `${name}=${value}`)
  }

  /** The environment of RUN: the image's, then each ARG with a value that no ENV hides, where it was first declared. */
  runEnv(): string[] {
    const args = new Set(this.#args.map((arg) => arg.name).filter((name) => !this.#env.has(name)))
    const entries = [...args].flatMap((name) => {
      const value = this.lookup(name)
      return value === undefined ? [] : [`${name}=${value}`]
    })
    return [...this.imageEnv(), ...entries]
  }

  /**
   * The ARG part of a RUN's history entry, `|2 a=1 b= `: each declared name once, where it was first declared, with the
   * value that RUN sees; empty without any.
   */
  historyPrefix(): string {
    if (this.#args.length === 0) return ''
    const names = new Set(this.#args.map((arg) => arg.name))
    return `|${names.size} ${[...names].map((name) => `${name}=${this.lookup(name) ?? ''} `).join('')}`
  }
}
