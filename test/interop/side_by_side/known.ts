// The list of differences that are known, looked up and crossed off.

export interface Known {
  readonly reason: string;
  /** By path of the API; as `differences()` words them. */
  readonly at: Readonly<Record<string, readonly string[]>>;
}

export class KnownDifferences {
  readonly #unseen: Set<string>;
  readonly #all: ReadonlySet<string>;

  constructor(known: readonly Known[]) {
    this.#all = new Set(
      known.flatMap(({ at }) =>
        Object.entries(at).flatMap(([route, list]) => list.map((difference) => `${route} ${difference}`)),
      ),
    );
    this.#unseen = new Set(this.#all);
  }

  /** Those that nobody has given a reason for. */
  unknown(route: string, found: readonly string[]): string[] {
    const named = found.map((difference) => `${route} ${difference}`);
    for (const name of named) this.#unseen.delete(name);
    return named.filter((name) => !this.#all.has(name));
  }

  /** Listed, but not met so far. */
  get unseen(): string[] {
    return [...this.#unseen];
  }
}
