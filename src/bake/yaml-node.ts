import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type SourceFile, sanitizeLine } from '../base/index.ts'
import { type Environment, interpolate } from './interpolate.ts'
import { type Place, Problem, syntaxProblem } from './problem.ts'

/** A value of a YAML file that knows where it stands. Strings are interpolated when they are read. Methods throw `Problem`. */
export class YamlNode {
  readonly place: Place
  readonly #node: Node | undefined
  readonly #file: YamlFile

  constructor(file: YamlFile, node: Node | undefined, place: Place) {
    this.#file = file
    this.#node = node
    this.place = place
  }

  get kind(): 'map' | 'list' | 'scalar' | 'nothing' {
    if (isMap(this.#node)) return 'map'
    if (isSeq(this.#node)) return 'list'
    return isScalar(this.#node) && this.#node.value !== null ? 'scalar' : 'nothing'
  }

  /** The entries of a map, keys of a merge (`<<`) included. */
  entries(what: string): readonly YamlEntry[] {
    if (this.kind === 'nothing') return []
    if (!isMap(this.#node)) throw this.wrong(what, 'a map')
    const own: YamlEntry[] = []
    const merged: YamlEntry[] = []
    for (const { key, value } of this.#node.items) {
      const keyNode = isScalar(key) ? key : undefined
      const name = String(keyNode?.value ?? '')
      const entry = {
        name,
        namePlace: this.#file.placeOf(keyNode, this.place),
        value: this.#file.node(value, this.place),
      }
      if (name !== '<<') own.push(entry)
      else {
        const sources = entry.value.kind === 'list' ? entry.value.items(what) : [entry.value]
        merged.push(...sources.flatMap((source) => source.entries(what)))
      }
    }
    const names = new Set(own.map(({ name }) => name))
    return [...merged.filter(({ name }) => !names.has(name)), ...own]
  }

  /** The value of a key; `nothing` when it is not there. */
  get(name: string, what: string): YamlNode {
    return (
      this.entries(what).find((entry) => entry.name === name)?.value ?? new YamlNode(this.#file, undefined, this.place)
    )
  }

  items(what: string): readonly YamlNode[] {
    if (this.kind === 'nothing') return []
    if (!isSeq(this.#node)) throw this.wrong(what, 'a list')
    return this.#node.items.map((item) => this.#file.node(item, this.place))
  }

  /** A scalar as text, interpolated; undefined for nothing. */
  text(what: string): string | undefined {
    if (this.kind === 'nothing') return undefined
    const node = this.#node
    if (!isScalar(node)) throw this.wrong(what, 'a string')
    if (typeof node.value !== 'string') return String(node.source ?? node.value)
    const { place } = this
    const shift = node.type === 'PLAIN' ? 0 : 1
    // Inside a scalar of several lines, or with escapes, the whole scalar is named.
    const isDirect = place.span.end - place.span.start === node.value.length + 2 * shift
    const part = (start: number, end: number): Place => {
      if (!isDirect) return place
      const from = place.span.start + shift
      return { file: place.file, span: { start: from + start, end: from + end } }
    }
    return interpolate(node.value, this.#file.env, part)
  }

  flag(what: string): boolean | undefined {
    const text = this.text(what)
    if (text === undefined) return undefined
    if (text === 'true' || text === 'false') return text === 'true'
    throw this.wrong(what, 'true or false')
  }

  texts(what: string): readonly string[] {
    return this.items(what).flatMap((item) => item.text(`an item of ${what}`) ?? [])
  }

  wrong(what: string, wanted: string): Problem {
    const shown = isMap(this.#node)
      ? 'a map'
      : isSeq(this.#node)
        ? 'a list'
        : `"${sanitizeLine(String(isScalar(this.#node) ? this.#node.value : ''))}"`
    return new Problem(this.place, { code: 'bake-compose', message: `${what} must be ${wanted}, but this is ${shown}` })
  }
}

export interface YamlEntry {
  readonly name: string
  readonly namePlace: Place
  readonly value: YamlNode
}

/** A parsed file, and the environment its strings are read with. */
class YamlFile {
  readonly env: Environment
  readonly #name: string
  readonly #document: Document

  constructor(name: string, document: Document, env: Environment) {
    this.#name = name
    this.#document = document
    this.env = env
  }

  placeOf(node: unknown, fallback: Place): Place {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined
    if (range === undefined || range === null) return fallback
    return { file: this.#name, span: { start: range[0], end: range[1] } }
  }

  node(value: unknown, fallback: Place): YamlNode {
    const found = isAlias(value) ? value.resolve(this.#document) : value
    const node = isScalar(found) || isMap(found) || isSeq(found) ? found : undefined
    return new YamlNode(this, node, this.placeOf(value, fallback))
  }
}

/** Parses a YAML file. Throws `Problem` for its first error. */
export function parseYaml(source: SourceFile, env: Environment): YamlNode {
  const document = parseDocument(source.text, { lineCounter: new LineCounter(), merge: false, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const [start, end] = error.pos
    const place = { file: source.name, span: { start, end } }
    throw syntaxProblem(place, `this is no YAML: ${error.message.split('\n')[0] ?? error.code}`)
  }
  const whole = { file: source.name, span: { start: 0, end: 0 } }
  return new YamlFile(source.name, document, env).node(document.contents, whole)
}
