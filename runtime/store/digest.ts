// Content digests, as the OCI image specification writes them ("Descriptors", section "Digests"). Only sha256 is stored;
// other algorithms are refused by name, so that nobody takes an unverified digest for a verified one.
import { createHash } from 'node:crypto';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && digestPattern.test(text);
}

/** Throws a plain Error that says what is wrong with the digest; callers add where it came from. */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text;
  if (typeof text === 'string' && /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:/.test(text) && !text.startsWith('sha256:'))
    throw new Error(`cannot use digest "${text.slice(0, 100)}": only sha256 digests are supported`);
  throw new Error(
    `cannot use ${JSON.stringify(text)?.slice(0, 100) ?? 'nothing'} as a digest: expected sha256:<64 hex>`,
  );
}

export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

export function digestOf(data: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** The chain id of a stack of layers, bottom first (OCI image specification, config.md, "Layer ChainID"). */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`));
  }
  return chain;
}
