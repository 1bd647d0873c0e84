// The list of differences that are known, looked up and crossed off.
import { knownForms } from './known_forms.ts';
import { knownSentences } from './known_sentences.ts';
import { knownWords } from './known_words.ts';

export interface Known {
  readonly reason: string;
  /** By path of the API; as `differences()` words them. */
  readonly at: Readonly<Record<string, readonly string[]>>;
}

export class KnownDifferences {
  readonly #unseen = new Set(
    [...knownForms, ...knownWords, ...knownSentences].flatMap(({ at }) =>
      Object.entries(at).flatMap(([route, list]) => list.map((difference) => `${route} ${difference}`)),
    ),
  );
  readonly #all: ReadonlySet<string> = new Set(this.#unseen);

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
