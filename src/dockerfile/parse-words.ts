import type { InstructionKind } from '../../grammar/index.ts'
import type { AddInstruction, CopyInstruction, ExposeInstruction, Flag, VolumeInstruction, Word } from './ast.ts'
import type { InstructionText } from './instruction-text.ts'
import { readArguments, readArray, textAfterFlags } from './read-arguments.ts'

export function parseCopy(at: InstructionText): CopyInstruction | undefined {
  const read = readWords(at, 'copy')
  const paths = read && splitPaths(at, 'COPY', read.words)
  if (read === undefined || paths === undefined) return undefined
  return {
    kind: 'copy',
    keyword: at.keyword,
    text: at.text,
    span: at.wholeSpan,
    flags: read.flags,
    ...paths,
    heredocs: at.line.heredocs,
  }
}

export function parseAdd(at: InstructionText): AddInstruction | undefined {
  const read = readWords(at, 'add')
  const paths = read && splitPaths(at, 'ADD', read.words)
  if (read === undefined || paths === undefined) return undefined
  return {
    kind: 'add',
    keyword: at.keyword,
    text: at.text,
    span: at.wholeSpan,
    flags: read.flags,
    ...paths,
    heredocs: at.line.heredocs,
  }
}

export function parseExpose(at: InstructionText): ExposeInstruction | undefined {
  const read = readArguments(at, 'expose', 'words')
  if (read === undefined) return undefined
  return {
    kind: 'expose',
    keyword: at.keyword,
    text: at.text,
    span: at.wholeSpan,
    flags: read.flags,
    ports: read.words.map((piece) => at.word(piece)),
  }
}

export function parseVolume(at: InstructionText): VolumeInstruction | undefined {
  const read = readWords(at, 'volume')
  if (read === undefined) return undefined
  const { flags, words } = read
  const empty = words.find((word) => word.text === '')
  if (words.length > 0 && empty === undefined)
    return { kind: 'volume', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags, paths: words }
  const message =
    empty === undefined ? 'VOLUME requires at least one argument' : 'VOLUME specified can not be an empty string'
  const hint = 'name the directories of the volumes'
  at.problems.error('missing-arguments', message, empty?.span ?? at.wholeSpan, { hint })
  return undefined
}

/** Words, or the strings of a JSON array. */
function readWords<K extends InstructionKind>(
  at: InstructionText,
  kind: K,
): { flags: readonly Flag<K>[]; words: readonly Word[] } | undefined {
  const text = textAfterFlags(at)
  const array = text && readArray(at, text)
  if (array?.kind === 'failed') return undefined
  const read = readArguments(at, kind, array?.kind === 'strings' ? 'text' : 'words')
  if (read === undefined) return undefined
  const pieces = array?.kind === 'strings' ? array.strings : read.words
  return { flags: read.flags, words: pieces.map((piece) => at.word(piece)) }
}

/** The last word is the destination; a heredoc cannot be it. */
function splitPaths(
  at: InstructionText,
  keyword: string,
  words: readonly Word[],
): { sources: readonly Word[]; destination: Word } | undefined {
  const destination = words.at(-1)
  if (words.length < 2 || destination === undefined) {
    const only = destination === undefined ? '' : ', but only one was provided. Destination could not be determined'
    const hint = `write ${keyword} SOURCE… DESTINATION`
    at.problems.error('missing-arguments', `${keyword} requires at least two arguments${only}`, at.wholeSpan, { hint })
    return undefined
  }
  const isHeredoc = (word: Word) => at.line.heredocs.some((heredoc) => heredoc.span.start === word.span.start)
  if (isHeredoc(destination)) {
    const message = `${keyword} cannot accept a heredoc as a destination`
    at.problems.error('heredoc-destination', message, destination.span, { hint: 'name a path after the heredocs' })
    return undefined
  }
  return { sources: words.slice(0, -1).filter((word) => !isHeredoc(word)), destination }
}
