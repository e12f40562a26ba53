import { type MountOptionName, type MountType, mountOptionRule, mountTypes } from '../../grammar/index.ts'
import { nearest, type Span } from '../base/index.ts'
import type { MountFlag, MountOption } from '../dockerfile/index.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import type { InstructionSite } from './instruction-site.ts'

/** The options of one `--mount`, values expanded. What is wrong with one is reported where it stands. */
export class MountOptions {
  readonly type: MountType
  readonly #site: InstructionSite
  readonly #flag: MountFlag
  readonly #values: ReadonlyMap<MountOptionName, { readonly option: MountOption; readonly value: string }>

  private constructor(
    site: InstructionSite,
    flag: MountFlag,
    type: MountType,
    values: ReadonlyMap<MountOptionName, { readonly option: MountOption; readonly value: string }>,
  ) {
    this.#site = site
    this.#flag = flag
    this.type = type
    this.#values = values
  }

  /** Expands all values but that of `from`, and checks that the type is one and takes them. Undefined after an error. */
  static expand(site: InstructionSite, flag: MountFlag, scope: Scope): MountOptions | undefined {
    const values = new Map<MountOptionName, { readonly option: MountOption; readonly value: string }>()
    for (const option of flag.options) {
      const { name, value: word } = option
      const value = word === undefined ? 'true' : name === 'from' ? word.text : expandIn(site, word, scope)
      if (value === undefined) return undefined
      values.set(name, { option, value })
    }
    const type = mountType(site, values.get('type'))
    if (type === undefined) return undefined
    const made = new MountOptions(site, flag, type, values)
    return made.#areTaken() ? made : undefined
  }

  /** The whole flag. */
  get span(): Span {
    return this.#site.span(this.#flag)
  }

  /** An option's value as it stands in the Dockerfile, or the whole flag without it. */
  spanOf(name: MountOptionName): Span {
    const option = this.#values.get(name)?.option
    return option === undefined ? this.span : this.#site.span(option.value ?? option)
  }

  text(name: MountOptionName): string | undefined {
    return this.#values.get(name)?.value
  }

  /** Reports an error about an option. */
  fail(name: MountOptionName, message: string, hint: string): undefined {
    this.#site.error('invalid-mount-option', message, this.spanOf(name), { hint })
  }

  /** A value out of a list, by default the first of it. */
  word<T extends string>(name: MountOptionName, words: readonly [T, ...T[]]): T | undefined {
    const value = this.text(name)
    if (!value) return words[0]
    const found = words.find((word) => word === value)
    if (found !== undefined) return found
    const guess = nearest(value, words)
    const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
    return this.fail(name, `unsupported ${name} value "${value}"${also}`, `write one of ${words.join(', ')}`)
  }

  /** A boolean in any form that Go takes. */
  flag(name: MountOptionName, otherwise: boolean): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return otherwise
    if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) return true
    if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return false
    return this.fail(name, `invalid value for ${name}: ${value}`, 'write true or false')
  }

  /** What `readonly` and `readwrite` say together: the last of them counts. */
  isReadonly(otherwise: boolean): boolean | undefined {
    const last = [...this.#flag.options].reverse().find(({ name }) => name === 'readonly' || name === 'readwrite')
    if (last?.name === 'readwrite') {
      const writable = this.flag('readwrite', false)
      return writable === undefined ? undefined : !writable
    }
    return this.flag('readonly', otherwise)
  }

  /** `size` in bytes, as docker reads sizes: `64m`, `1.5g`, `4096`; units are powers of 1024. */
  sizeBytes(): number | 'failed' | undefined {
    const value = this.text('size')
    if (value === undefined) return undefined
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])i?)?b?$/i.exec(value) ?? []
    if (number !== undefined) return Math.floor(Number(number) * 1024 ** ' kmgtp'.indexOf(unit.toLowerCase() || ' '))
    this.fail('size', `invalid value for size: ${value}`, 'write e.g. size=64m or size=1g')
    return 'failed'
  }

  /** `mode`, `uid` and `gid`; by default root's, and `mode`. */
  owner(mode: number): { readonly mode: number; readonly uid: number; readonly gid: number } | undefined {
    const bits = this.#number('mode', /^0*[0-7]{1,4}$/, 8, 'an octal mode such as 0750')
    const uid = this.#number('uid', /^\d{1,10}$/, 10, 'the number of a user')
    const gid = this.#number('gid', /^\d{1,10}$/, 10, 'the number of a group')
    if (bits === 'failed' || uid === 'failed' || gid === 'failed') return undefined
    return { mode: bits ?? mode, uid: uid ?? 0, gid: gid ?? 0 }
  }

  #number(name: 'mode' | 'uid' | 'gid', form: RegExp, base: number, expected: string): number | 'failed' | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = Number.parseInt(value, base)
    // The largest id is no user's: to chown(2) it means "leave it".
    if (form.test(value) && number < 0xffffffff) return number
    this.fail(name, `invalid value ${value} for ${name}`, `write ${expected}`)
    return 'failed'
  }

  #areTaken(): boolean {
    for (const [name, { option }] of this.#values) {
      const { types, elsewhere } = mountOptionRule(name)
      if (types.includes(this.type)) continue
      const { keyword } = option
      const span = this.#site.span(option)
      const hint = `${keyword} belongs to ${types.join(', ')} mounts`
      if (elsewhere === 'refused') {
        this.#site.error('invalid-mount-option', `${keyword} is not allowed for ${this.type} mounts`, span, { hint })
        return false
      }
      this.#site.warning('unused-mount-option', `${keyword} has no effect on a ${this.type} mount`, span, { hint })
    }
    return true
  }
}

function mountType(
  site: InstructionSite,
  given: { readonly option: MountOption; readonly value: string } | undefined,
): MountType | undefined {
  if (given === undefined) return mountTypes[0]
  const found = mountTypes.find((type) => type === given.value)
  if (found !== undefined) return found
  const { option, value } = given
  const guess = nearest(value, mountTypes)
  const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
  site.error('unknown-mount-type', `unsupported mount type "${value}"${also}`, site.span(option.value ?? option), {
    hint: `types are ${mountTypes.join(', ')}`,
  })
  return undefined
}
