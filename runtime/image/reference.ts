// Image references: `name`, `name:tag`, `name@sha256:…`, `host:port/path:tag@sha256:…`, with Docker's grammar
// (github.com/distribution/reference) and its normalisation: `busybox` is `docker.io/library/busybox:latest`.
import { type Digest, isDigest } from '../store/digest.ts';

export interface Reference {
  /** The registry's host, with port where one is given: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** The path within the registry: `library/busybox`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultRegistry = 'docker.io';
const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const hostLabel = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const hostPattern = new RegExp(`^(?:${hostLabel}(?:\\.${hostLabel})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?$`);
const tagPattern = /^[\w][\w.-]{0,127}$/;
const nameLimit = 255;

export class InvalidReference extends Error {
  override readonly name = 'InvalidReference';
  constructor(text: string, why: string) {
    super(`invalid reference format: "${text.slice(0, 300)}": ${why}`);
  }
}

/** Splits off a registry host as Docker does: the first component is a host if it has a dot or a port, or is localhost. */
function splitHost(name: string): { host: string | undefined; path: string } {
  const slash = name.indexOf('/');
  if (slash < 0) return { host: undefined, path: name };
  const first = name.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  return isHost ? { host: first, path: name.slice(slash + 1) } : { host: undefined, path: name };
}

function splitSuffixes(text: string): { name: string; tag: string | undefined; digest: Digest | undefined } {
  const at = text.indexOf('@');
  let digest: Digest | undefined;
  if (at >= 0) {
    const written = text.slice(at + 1);
    if (!isDigest(written)) throw new InvalidReference(text, 'the digest must be sha256: and 64 hexadecimal digits');
    digest = written;
  }
  const rest = at >= 0 ? text.slice(0, at) : text;
  const colon = rest.lastIndexOf(':');
  if (colon < 0 || rest.indexOf('/', colon) >= 0) return { name: rest, tag: undefined, digest };
  const tag = rest.slice(colon + 1);
  if (!tagPattern.test(tag))
    throw new InvalidReference(text, 'a tag has letters, digits, "_", "." and "-", at most 128');
  return { name: rest.slice(0, colon), tag, digest };
}

export interface ParseOptions {
  /** Leave a missing tag missing instead of assuming `latest`. */
  readonly keepUntagged?: boolean;
}

/** Parses and normalises. Throws `InvalidReference`. */
export function parseReference(text: string, options: ParseOptions = {}): Reference {
  if (/^[0-9a-f]{64}$/.test(text)) throw new InvalidReference(text, 'a bare image id is not a name');
  const { name, tag, digest } = splitSuffixes(text);
  const { host, path } = splitHost(name);
  if (host !== undefined && !hostPattern.test(host)) throw new InvalidReference(text, 'the registry host is malformed');
  if (!pathPattern.test(path)) {
    const why = path.toLowerCase() === path ? 'the repository name is malformed' : 'repository name must be lowercase';
    throw new InvalidReference(text, why);
  }
  const registry = host === undefined || host === 'index.docker.io' ? defaultRegistry : host;
  const repository = registry === defaultRegistry && !path.includes('/') ? `library/${path}` : path;
  if (registry.length + repository.length + 1 > nameLimit)
    throw new InvalidReference(text, `repository name must not be more than ${nameLimit} characters`);
  const effectiveTag = tag ?? (digest === undefined && options.keepUntagged !== true ? 'latest' : undefined);
  return {
    registry,
    repository,
    ...(effectiveTag === undefined ? {} : { tag: effectiveTag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** `docker.io/library/busybox`: the full name without tag and digest. */
export function fullName(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** The short form that Docker prints: `busybox`, `user/app`, `localhost:5000/app`. */
export function familiarName(reference: Reference): string {
  if (reference.registry !== defaultRegistry) return fullName(reference);
  const path = reference.repository;
  return path.startsWith('library/') && !path.slice(8).includes('/') ? path.slice(8) : path;
}

function withSuffixes(name: string, reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${name}${tag}${digest}`;
}

/** Canonical text, the key of the records: `docker.io/library/busybox:latest`. */
export function canonical(reference: Reference): string {
  return withSuffixes(fullName(reference), reference);
}

/** The text for a person: `busybox:latest`. */
export function familiar(reference: Reference): string {
  return withSuffixes(familiarName(reference), reference);
}

/**
 * What a name may mean, in the order to try. A name with a registry means itself. A short name is looked for in each
 * registry of the search list (`slipway.registries.search`, default `docker.io` alone).
 */
export function candidates(text: string, searchList: readonly string[]): Reference[] {
  const { host } = splitHost(splitSuffixes(text).name);
  if (host !== undefined || searchList.length === 0) return [parseReference(text)];
  return searchList.map((registry) => parseReference(registry === defaultRegistry ? text : `${registry}/${text}`));
}

/** The part of a manifest URL that names what is wanted: a digest binds stronger than a tag. */
export function manifestSelector(reference: Reference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}
