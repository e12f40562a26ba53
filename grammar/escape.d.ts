/** The escape directive's values; the character that joins lines and protects the next character in words. */
export type EscapeCharacter = '\\' | '`';
