/**
 * Version of the language room: grammar, scanner, AST shape and parse-time checks. A part of the name under which a
 * parsed Dockerfile is kept on disk, so it changes whenever the same text could give another AST or other diagnostics.
 */
export const grammarVersion = '8'
