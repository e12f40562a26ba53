import { invariant } from '../base/index.ts'

/**
 * The mode of a file after --chmod: octal (`0755`, up to 07777) or symbolic as chmod(1) has it (`u=rwX,go-w`), X giving
 * execution to directories and to files somebody may execute already. `text` was validated when it was parsed.
 */
export function changedMode(text: string, mode: number, isDirectory: boolean): number {
  if (/^[0-7]+$/.test(text)) return Number.parseInt(text, 8)
  return text.split(',').reduce((current, clause) => applyClause(clause, current, isDirectory), mode)
}

function applyClause(clause: string, mode: number, isDirectory: boolean): number {
  const match = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause)
  invariant(match !== null, `--chmod clause ${clause} was not validated`)
  const [, who = '', actions = ''] = match
  const letters = who === '' || who.includes('a') ? 'ugo' : who
  let result = mode
  for (const [, operator = '', permissions = ''] of actions.matchAll(/([-+=])([rwxXstugo]*)/g)) {
    const bits = permissionBits(letters, permissions, result, isDirectory)
    if (operator === '+') result |= bits
    else if (operator === '-') result &= ~bits
    else result = (result & ~coveredBits(letters)) | bits
  }
  return result
}

function permissionBits(letters: string, permissions: string, mode: number, isDirectory: boolean): number {
  let rwx = 0
  let bits = 0
  for (const permission of permissions) {
    if (permission === 'r') rwx |= 0o444
    else if (permission === 'w') rwx |= 0o222
    else if (permission === 'x') rwx |= 0o111
    else if (permission === 'X') rwx |= isDirectory || (mode & 0o111) !== 0 ? 0o111 : 0
    else if (permission === 's') bits |= (letters.includes('u') ? 0o4000 : 0) | (letters.includes('g') ? 0o2000 : 0)
    else if (permission === 't') bits |= 0o1000
    else rwx |= copiedBits(permission, mode)
  }
  return bits | (rwx & rwxOf(letters))
}

/** `g=u`: the bits one class has, for all classes. */
function copiedBits(from: string, mode: number): number {
  const shift = from === 'u' ? 6 : from === 'g' ? 3 : 0
  return ((mode >> shift) & 7) * 0o111
}

function rwxOf(letters: string): number {
  return (letters.includes('u') ? 0o700 : 0) | (letters.includes('g') ? 0o070 : 0) | (letters.includes('o') ? 0o007 : 0)
}

function coveredBits(letters: string): number {
  return (
    rwxOf(letters) |
    (letters.includes('u') ? 0o4000 : 0) |
    (letters.includes('g') ? 0o2000 : 0) |
    (letters.includes('o') ? 0o1000 : 0)
  )
}
