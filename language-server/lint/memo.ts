// Answers about one instruction, kept as long as the instruction object lives: an edit makes a new object for what it changes.
import type { Instruction } from '../../runtime/dockerfile/ast.ts';

/** A function of one instruction whose answer is kept as long as the instruction object lives. */
export function memo<T>(compute: (instruction: Instruction) => T): (instruction: Instruction) => T {
  const known = new WeakMap<Instruction, { readonly value: T }>();
  return (instruction) => {
    const found = known.get(instruction);
    if (found !== undefined) return found.value;
    const value = compute(instruction);
    known.set(instruction, { value });
    return value;
  };
}
