import { spaces } from '../../grammar/word-patterns.ts'

const space = new RegExp(`[${spaces}]`)

/** Collects the words of an expansion: blanks in `splitting` text end a word, those in `solid` text do not. */
export class WordList {
  readonly words: string[] = []
  #open = ''

  solid(text: string): void {
    this.#open += text
  }

  splitting(text: string): void {
    const [first = '', ...others] = text.split(space)
    this.#open += first
    for (const other of others) {
      this.close()
      this.#open = other
    }
  }

  close(): void {
    if (this.#open !== '') this.words.push(this.#open)
    this.#open = ''
  }
}
