import { ToolError } from '../base/index.ts'

/** Keys that leave a process when nothing else is said, as docker's. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q'

/** Watches typed bytes for a sequence of keys. A beginning of it is held back until it is clear what it becomes. */
export class DetachKeys {
  readonly #sequence: Buffer
  #matched = 0

  /** Reads `ctrl-p,ctrl-q` or `a,b`; empty for no such keys. Throws `ToolError` `usage`. */
  constructor(text: string) {
    this.#sequence = Buffer.from(text === '' ? [] : text.split(',').map(keyByte))
  }

  /** What of `bytes` is for the process, and whether the sequence was complete in them. */
  push(bytes: Uint8Array): { readonly passed: Buffer; readonly isDetached: boolean } {
    if (this.#sequence.length === 0) return { passed: Buffer.from(bytes), isDetached: false }
    const passed: number[] = []
    for (const byte of bytes) {
      if (byte !== this.#sequence[this.#matched] && this.#matched > 0) {
        passed.push(...this.#sequence.subarray(0, this.#matched))
        this.#matched = 0
      }
      if (byte !== this.#sequence[this.#matched]) passed.push(byte)
      else if (++this.#matched === this.#sequence.length) return { passed: Buffer.from(passed), isDetached: true }
    }
    return { passed: Buffer.from(passed), isDetached: false }
  }
}

function keyByte(key: string): number {
  const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? []
  if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f
  if (/^[ -~]$/.test(key)) return key.charCodeAt(0)
  throw new ToolError('usage', `cannot read "${key}" as a key`, {
    hint: 'write --detach-keys as letters or ctrl- and a letter, with commas between: ctrl-p,ctrl-q',
  })
}
