// File modes as --chmod takes them: octal digits, or the symbolic form of chmod(1).
import { EngineError } from '../protocol/errors.ts';

const whoBits: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007 };
const permissionBits: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };

/** @returns the new permission bits. @throws EngineError InvalidArgument for a text that is no mode. */
export function applyMode(text: string, mode: number, isDirectory: boolean): number {
  if (/^[0-7]{1,5}$/.test(text)) return Number.parseInt(text, 8);
  return text.split(',').reduce((current, clause) => applyClause(clause, current, isDirectory), mode);
}

function applyClause(clause: string, mode: number, isDirectory: boolean): number {
  const match = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/.exec(clause);
  if (match === null)
    throw new EngineError('InvalidArgument', `invalid chmod parameter: '${clause}' is neither octal nor symbolic`);
  const [, who = '', changes = ''] = match;
  const mask = who === '' || who.includes('a') ? 0o7777 : [...who].reduce((bits, one) => bits | (whoBits[one] ?? 0), 0);
  let result = mode;
  for (const [, operator = '', permissions = ''] of changes.matchAll(/([-+=])([rwxXst]*)/g)) {
    const bits = permissionsOf(permissions, result, isDirectory) & mask;
    if (operator === '+') result |= bits;
    else if (operator === '-') result &= ~bits;
    else result = (result & ~(mask & 0o777)) | bits;
  }
  return result;
}

function permissionsOf(text: string, mode: number, isDirectory: boolean): number {
  let bits = 0;
  for (const letter of text) {
    if (letter === 'X') bits |= isDirectory || (mode & 0o111) !== 0 ? 0o111 : 0;
    else if (letter === 's') bits |= 0o6000;
    else if (letter === 't') bits |= 0o1000;
    else bits |= permissionBits[letter] ?? 0;
  }
  return bits;
}
