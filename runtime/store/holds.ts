// What work in progress needs and no record names yet: garbage collection leaves it alone. The helper is the only process
// that writes to its stores, so holds live in memory; a helper that dies leaves its half-done work unheld, hence collectable.

export class Holds {
  readonly #counts = new Map<string, number>();
  readonly #lingering = new Set<string>();
  #collections = 0;

  /** Keeps `keys` from being collected until the returned hold is disposed of. More can be added to it meanwhile. */
  take(...keys: string[]): Hold {
    const hold = new Hold(this.#counts, (key) => {
      if (this.#collections > 0) this.#lingering.add(key);
    });
    for (const key of keys) hold.add(key);
    return hold;
  }

  has(key: string): boolean {
    return this.#counts.has(key) || this.#lingering.has(key);
  }

  /**
   * For the time of a collection, begun before it reads the records: what is let go of meanwhile stays held, because a
   * record may have come to name it after the collection read them.
   */
  linger(): Disposable {
    this.#collections += 1;
    return {
      [Symbol.dispose]: () => {
        this.#collections -= 1;
        if (this.#collections === 0) this.#lingering.clear();
      },
    };
  }
}

export class Hold implements Disposable {
  readonly #counts: Map<string, number>;
  readonly #onRelease: (key: string) => void;
  readonly #mine = new Set<string>();

  constructor(counts: Map<string, number>, onRelease: (key: string) => void) {
    this.#counts = counts;
    this.#onRelease = onRelease;
  }

  add(key: string): void {
    if (this.#mine.has(key)) return;
    this.#mine.add(key);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  [Symbol.dispose](): void {
    for (const key of this.#mine) {
      this.#onRelease(key);
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
    this.#mine.clear();
  }
}

/** One task per key at a time; who comes second waits for the first, then runs. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const tail = before.then(() => promise);
    this.#tails.set(key, tail);
    await before;
    try {
      return await task();
    } finally {
      resolve();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}

/** At most `limit` tasks at a time, first come first served. */
export class Semaphore {
  #running = 0;
  readonly #limit: () => number;
  readonly #waiting: (() => void)[] = [];

  /** A limit that is a function may change while tasks run. */
  constructor(limit: number | (() => number)) {
    this.#limit = typeof limit === 'number' ? () => limit : limit;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#admit();
    });
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#admit();
    }
  }

  #admit(): void {
    while (this.#running < this.#limit()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running += 1;
      next();
    }
  }
}
