import type { EscapeCharacter } from './escape.ts';
/** Inside a class: the blanks between words, Go's `\s`. Other Unicode blanks are parts of words. */
export declare const blanks = " \\t\\n\\v\\f\\r";
/** A word in which quotes and escapes hold blanks together; what is not closed runs to the end. For flag `s`. */
export declare function quotedWord(escapeCharacter: EscapeCharacter): string;
