// The keys that leave a container without stopping it (--detach-keys), as Docker spells and recognises them.

/** ctrl-p ctrl-q */
export const defaultDetachKeys = 'ctrl-p,ctrl-q';

const controlSigns = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/**
 * The bytes behind a list like `ctrl-p,ctrl-q` or `a,b,DEL`; none for an empty one, which means that nothing detaches.
 * Throws RangeError for a key that has no name.
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return new Uint8Array();
  return Uint8Array.from(text.split(','), byteOfKey);
}

function byteOfKey(key: string): number {
  if (key === 'DEL') return 0x7f;
  const code = key.charCodeAt(0);
  if (key.length === 1 && code < 0x80) return code;
  const control = key.startsWith('ctrl-') && key.length === 6 ? controlSigns.indexOf(key.slice(5).toLowerCase()) : -1;
  if (control < 0)
    throw new RangeError(`cannot use '${key}' as a detach key: it is neither one ASCII character nor ctrl-X`);
  return control;
}

export interface DetachResult {
  /** What goes to the container. */
  readonly data: Uint8Array;
  /** The sequence is complete; what was typed after it belongs to nobody. */
  readonly detached: boolean;
}

/** Looks for the sequence in typed input. The beginning of one is held back until it is clear whether it goes on. */
export class DetachKeyFilter {
  readonly #keys: Uint8Array;
  #held = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  feed(input: Uint8Array): DetachResult {
    if (this.#keys.length === 0) return { data: input, detached: false };
    const passed: number[] = [];
    for (const byte of input) {
      this.#advance(byte, passed);
      if (this.#held === this.#keys.length) {
        this.#held = 0;
        return { data: Uint8Array.from(passed), detached: true };
      }
    }
    return { data: Uint8Array.from(passed), detached: false };
  }

  /** What is held back is the beginning of the sequence; if it doesn't go on so, its later part may begin another. */
  #advance(byte: number, passed: number[]): void {
    const typed = [...this.#keys.subarray(0, this.#held), byte];
    while (typed.length > 0 && !typed.every((key, index) => key === this.#keys[index]))
      passed.push(...typed.splice(0, 1));
    this.#held = typed.length;
  }
}
