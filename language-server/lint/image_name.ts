// The parts of an image's name, as far as the rules look at them. distribution/reference has the grammar.

export interface ImageName {
  /** `ghcr.io`, `localhost:5000`; undefined for Docker Hub's short names. */
  readonly registry?: string;
  /** Without registry, tag and digest: `library/node`, `node`. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Splits a reference; it need not be valid, and variables in it stay where they are. */
export function parseImageName(reference: string): ImageName {
  const at = reference.indexOf('@');
  const digest = at < 0 ? undefined : reference.slice(at + 1);
  const rest = at < 0 ? reference : reference.slice(0, at);
  const colon = tagColon(rest);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  const hasRegistry = slash > 0 && (/[.:]/.test(first) || first === 'localhost');
  return {
    name: hasRegistry ? path.slice(slash + 1) : path,
    ...(hasRegistry ? { registry: first } : {}),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The colon before the tag: the last one behind the last slash, outside `${…}`. */
function tagColon(text: string): number {
  let depth = 0;
  let found = -1;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    else if (depth === 0 && character === '/') found = -1;
    else if (depth === 0 && character === ':' && found < 0) found = i;
  }
  return found;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;

/** Whether the reference is one that a registry client accepts. */
export function isValidReference(reference: string): boolean {
  const { registry, name, tag, digest } = parseImageName(reference);
  if (/^[a-f0-9]{64}$/.test(reference)) return false;
  if (registry !== undefined && !DOMAIN.test(registry)) return false;
  if (name === '' || name.length > 255 || !name.split('/').every((part) => COMPONENT.test(part))) return false;
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) return false;
  return digest === undefined || /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/.test(digest);
}

/** The name without Docker Hub's prefixes: `docker.io/library/node` is `node`. */
export function familiarName(image: ImageName): string {
  const hub = image.registry === undefined || image.registry === 'docker.io' || image.registry === 'index.docker.io';
  const name = hub ? image.name.replace(/^library\//, '') : image.name;
  return hub ? name : `${image.registry}/${name}`;
}
