// Looking into a registry: its repositories and tags, and deleting a tag (OCI distribution specification, "Content discovery").
import { canonical, familiar, type Reference } from '../image/reference.ts';
import type { Digest } from '../store/digest.ts';
import type { RegistryClient } from './client.ts';
import { RegistryError, refusal } from './errors.ts';
import { discardBody, type HttpResponse, readBody } from './http.ts';

const pageSize = 1000;
const maxEntries = 100_000;
const maxPageBytes = 4 << 20;

/** The path of the next page, from RFC 5988's Link header; only the path counts, the host stays the registry's. */
function nextPage(response: HttpResponse, from: URL): string | undefined {
  const header = response.headers.link;
  const link = typeof header === 'string' ? /<([^>]+)>\s*;\s*rel="?next"?/.exec(header)?.[1] : undefined;
  if (link === undefined) return undefined;
  const url = new URL(link, from);
  return `${url.pathname}${url.search}`;
}

async function listAll(
  client: RegistryClient,
  registry: string,
  path: string,
  field: 'tags' | 'repositories',
  scope: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const connection = await client.origin(registry);
  const found: string[] = [];
  let next: string | undefined = `${path}?n=${pageSize}`;
  while (next !== undefined && found.length < maxEntries) {
    const page: string = next;
    const base = await connection.resolve(page, signal);
    const what = field === 'tags' ? `list the tags of ${registry}` : `list the repositories of ${registry}`;
    const request = { method: 'GET' as const, path: page, scope, what, ...(signal === undefined ? {} : { signal }) };
    next = await connection.request(request, async (response) => {
      const document: unknown = JSON.parse(
        (await readBody(response, maxPageBytes, 'a page of names')).toString('utf8'),
      );
      const names =
        typeof document === 'object' && document !== null ? (document as Record<string, unknown>)[field] : undefined;
      if (Array.isArray(names)) found.push(...names.filter((name): name is string => typeof name === 'string'));
      return nextPage(response, base);
    });
  }
  return found;
}

/** The tags of a repository, in the registry's order. */
export function listTags(client: RegistryClient, reference: Reference, signal?: AbortSignal): Promise<string[]> {
  const scope = `repository:${reference.repository}:pull`;
  return listAll(client, reference.registry, `/v2/${reference.repository}/tags/list`, 'tags', scope, signal);
}

/** The repositories of a registry. Many public registries refuse this. */
export function listRepositories(client: RegistryClient, registry: string, signal?: AbortSignal): Promise<string[]> {
  return listAll(client, registry, '/v2/_catalog', 'repositories', 'registry:catalog:*', signal);
}

/** Deletes what a tag (or digest) names from the registry, and answers the digest of what was deleted. */
export async function deleteTag(client: RegistryClient, reference: Reference, signal?: AbortSignal): Promise<Digest> {
  const found = await client.head(reference, reference.digest ?? reference.tag ?? 'latest', signal);
  if (found === undefined)
    throw new RegistryError(`cannot delete ${familiar(reference)}: it is not in the registry`, 404);
  const connection = await client.origin(reference.registry);
  const scope = `repository:${reference.repository}:pull,delete`;
  const path = `/v2/${reference.repository}/manifests/${found.digest}`;
  const what = `delete ${canonical(reference)}`;
  await connection.request(
    { method: 'DELETE', path, scope, what, ...(signal === undefined ? {} : { signal }) },
    async (response) => discardBody(response),
  );
  return found.digest;
}

/** Asks the registry whether it accepts these credentials (docker login). Throws `RegistryError` where it does not. */
export async function checkLogin(client: RegistryClient, registry: string, signal?: AbortSignal): Promise<void> {
  const connection = await client.origin(registry);
  const request = {
    method: 'GET' as const,
    path: '/v2/',
    scope: '',
    what: `log in to ${registry}`,
    ...(signal === undefined ? {} : { signal }),
  };
  await connection.request(request, async (response) => discardBody(response));
}

interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
}

const hubSearch = new URL('https://index.docker.io/v1/search');

/** Docker Hub's search, which is no part of the distribution specification and has no counterpart elsewhere. */
export async function searchRepositories(
  client: RegistryClient,
  term: string,
  limit: number,
  signal: AbortSignal,
): Promise<SearchResult[]> {
  const url = new URL(hubSearch);
  url.searchParams.set('q', term);
  url.searchParams.set('n', String(Math.min(Math.max(limit, 1), 100)));
  const response = await client.plain(url, signal);
  if (response.status !== 200) throw await refusal(response, `search for ${term}`);
  const document: unknown = JSON.parse((await readBody(response, maxPageBytes, 'the search result')).toString('utf8'));
  const results = typeof document === 'object' && document !== null && 'results' in document ? document.results : [];
  if (!Array.isArray(results)) return [];
  return results.map((entry: Record<string, unknown>) => ({
    name: String(entry.name ?? ''),
    description: String(entry.description ?? ''),
    star_count: Number(entry.star_count ?? 0),
    is_official: entry.is_official === true,
  }));
}

/** When Docker Hub's own interface says that a tag was last pushed; the distribution specification has no such question. */
export async function hubLastPushed(
  client: RegistryClient,
  { repository, tag = 'latest' }: Reference,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const url = new URL(`https://hub.docker.com/v2/repositories/${repository}/tags/${tag}`);
    const response = await client.plain(url, signal);
    if (response.status !== 200) {
      discardBody(response);
      return undefined;
    }
    const document: unknown = JSON.parse((await readBody(response, maxPageBytes, 'the tag')).toString('utf8'));
    const isTag = typeof document === 'object' && document !== null && 'tag_last_pushed' in document;
    return isTag ? instantOf(document.tag_last_pushed) : undefined;
  } catch {
    // It is a courtesy: the image itself is known without it.
    return undefined;
  }
}

/** A date as ISO 8601 has it; undefined for what is none. */
export function instantOf(text: unknown): string | undefined {
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
