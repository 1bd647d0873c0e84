// resolv.conf: reading the host's, writing a container's.
import { readFileSync } from 'node:fs';
import { hasCode } from '../store/files.ts';

export interface ResolverSettings {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

const hostFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];
/** Where the host names no resolver that containers could reach. */
const publicServers = ['8.8.8.8', '8.8.4.4'];

export function parseResolvConf(text: string): ResolverSettings {
  const servers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0]);
    if (keyword === 'search' || keyword === 'domain') search = values;
    if (keyword === 'options') options.push(...values);
  }
  return { servers, search, options };
}

export function formatResolvConf({ servers, search, options }: ResolverSettings): string {
  const lines = servers.map((server) => `nameserver ${server}`);
  // A single dot clears the search list (docker run --dns-search=.).
  const domains = search.filter((domain) => domain !== '.');
  if (domains.length > 0) lines.push(`search ${domains.join(' ')}`);
  if (options.length > 0) lines.push(`options ${options.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

const isLoopback = (server: string): boolean => server.startsWith('127.') || server === '::1';

/** The host's settings, read anew each time: people change networks. At once: each start of a container asks. */
export function hostResolver(): ResolverSettings {
  let found: ResolverSettings = { servers: [], search: [], options: [] };
  for (const file of hostFiles) {
    try {
      const settings = parseResolvConf(readFileSync(file, 'utf8'));
      if (found.servers.length === 0) found = settings;
      // A stub resolver on loopback is fine for us; the real ones are kept for containers that ask directly.
      if (settings.servers.some((server) => !isLoopback(server))) return { ...found, servers: settings.servers };
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'EACCES')) throw error;
    }
  }
  return found;
}

/** The host's resolvers as a container without the engine's own resolver can reach them. */
export function reachableServers({ servers }: ResolverSettings): string[] {
  const outside = servers.filter((server) => !isLoopback(server));
  return outside.length === 0 ? publicServers : outside;
}
