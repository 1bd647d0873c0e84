// Answers whose JSON is there already: of a list of thousands, only what changed since the last time is written anew.

const known = new WeakMap<object, () => readonly Buffer[]>();

/** `value` stays what it is; the writer of a message whose result it is asks `json` for its parts. */
export function withKnownJson<T extends object>(value: T, json: () => readonly Buffer[]): T {
  known.set(value, json);
  return value;
}

/** The parts of the whole message, if its result is such an answer. */
export function knownJson(message: object): Buffer[] | undefined {
  const { result, ...rest } = message as { readonly result?: unknown };
  const json = typeof result === 'object' && result !== null ? known.get(result) : undefined;
  if (json === undefined) return undefined;
  return [Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"result":`), ...json(), Buffer.from('}')];
}
