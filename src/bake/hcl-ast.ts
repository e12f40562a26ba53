import type { Place } from './problem.ts'
import type { Value } from './value.ts'

/** What stands between braces, and a whole file. */
export interface Body {
  readonly attributes: readonly Attribute[]
  readonly blocks: readonly Block[]
  readonly place: Place
}

/** `name = value`. */
export interface Attribute {
  readonly name: string
  readonly namePlace: Place
  readonly value: Expression
}

/** `type "label" { … }`. */
export interface Block {
  readonly type: string
  readonly labels: readonly Label[]
  readonly body: Body
  /** Its type and labels. */
  readonly place: Place
}

export interface Label {
  readonly text: string
  readonly place: Place
}

interface Node {
  readonly place: Place
}

/** A value with nothing to compute. */
export interface LiteralExpression extends Node {
  readonly kind: 'literal'
  readonly value: Value
}

/** Text with holes: `"a-${b}"`, a heredoc. */
export interface TemplateExpression extends Node {
  readonly kind: 'template'
  readonly parts: readonly TemplatePart[]
}

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'hole'; readonly value: Expression }
  /** `%{if c}…%{else}…%{endif}`. */
  | {
      readonly kind: 'if'
      readonly condition: Expression
      readonly yes: readonly TemplatePart[]
      readonly no: readonly TemplatePart[]
    }
  /** `%{for k, v in c}…%{endfor}`. */
  | {
      readonly kind: 'for'
      readonly key?: string
      readonly item: string
      readonly collection: Expression
      readonly body: readonly TemplatePart[]
    }

export interface ObjectItem {
  readonly key: Expression
  readonly value: Expression
}

/** What `[for …]` and `{for …}` share. */
interface ForParts extends Node {
  readonly key?: string
  readonly item: string
  readonly collection: Expression
  readonly condition?: Expression
  readonly value: Expression
}

export type Operator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%'

export type Expression =
  | LiteralExpression
  | TemplateExpression
  | (Node & { readonly kind: 'variable'; readonly name: string })
  | (Node & { readonly kind: 'tuple'; readonly items: readonly Expression[] })
  | (Node & { readonly kind: 'object'; readonly items: readonly ObjectItem[] })
  | (Node & { readonly kind: 'attribute'; readonly object: Expression; readonly name: string })
  | (Node & { readonly kind: 'index'; readonly object: Expression; readonly index: Expression })
  /** `list[*].a.b` (full), `list.*.a` (attributes only): `each` is evaluated with the item as `splatItem`. */
  | (Node & { readonly kind: 'splat'; readonly object: Expression; readonly each: Expression })
  | (Node & {
      readonly kind: 'call'
      readonly name: string
      readonly namePlace: Place
      readonly args: readonly Expression[]
      /** The last argument is a list of further ones: `f(a...)`. */
      readonly expands: boolean
    })
  | (Node & {
      readonly kind: 'conditional'
      readonly condition: Expression
      readonly yes: Expression
      readonly no: Expression
    })
  | (Node & {
      readonly kind: 'binary'
      readonly operator: Operator
      readonly left: Expression
      readonly right: Expression
    })
  | (Node & { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: Expression })
  | (ForParts & { readonly kind: 'for-list' })
  /** With `groups` (`value...`), values of one key are collected in a list. */
  | (ForParts & { readonly kind: 'for-map'; readonly keyValue: Expression; readonly groups: boolean })

/** Name of the item inside a splat; no variable can have it. */
export const splatItem = '*'
