/** Adds all items at the end. Unlike `push(...items)` it does not fail for very many: arguments live on the stack. */
export function append<T>(target: T[], items: Iterable<T>): void {
  for (const item of items) target.push(item);
}
