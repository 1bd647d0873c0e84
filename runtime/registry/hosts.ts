// Which servers stand behind a registry's name, and how far each is trusted: mirrors, private CAs, plain HTTP.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { hasCode } from '../store/files.ts';
import { classify } from './addresses.ts';
import type { TlsSettings } from './http.ts';

/** The engine's settings for registries. Every field may be left out. */
export interface RegistrySettings {
  /** Where short names are looked for, in order. Default: `docker.io`. */
  readonly search?: readonly string[];
  /** Hosts (`host[:port]`) or address ranges (CIDR) that may be spoken to without a checked certificate, or in plain HTTP. Loopback always may. */
  readonly insecure?: readonly string[];
  /** For a registry's name the servers to try before it, as URLs: `{ "docker.io": ["https://mirror.example"] }`. */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>;
  /** Folders laid out like /etc/docker/certs.d: `<host[:port]>/*.crt` (CAs), `*.cert` with `*.key` (client). */
  readonly certificateFolders?: readonly string[];
}

export interface Endpoint {
  /** The name for credentials and messages: the registry, or a mirror's host. */
  readonly name: string;
  /** Whether this stands in for another registry: only reading is tried here, and its failures are not final. */
  readonly mirror: boolean;
  /** The base URLs to try, in order: https, and http only where that is allowed. No trailing slash. */
  readonly urls: readonly URL[];
  readonly tls: TlsSettings;
}

const defaultFolders = ['/etc/docker/certs.d', '/etc/containers/certs.d'];
const hubHost = 'registry-1.docker.io';

function hostname(host: string): string {
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d+$/, '');
}

function isLoopback(host: string): boolean {
  const name = hostname(host);
  return name === 'localhost' || (/^[\d.]+$|:/.test(name) && classify(name) === 'loopback');
}

function inRange(address: string, range: string): boolean {
  const [net = '', bits] = range.split('/');
  if (bits === undefined || !/^[\d.]+$/.test(net) || !/^[\d.]+$/.test(address)) return false;
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const shift = 2 ** (32 - Number(bits));
  return Math.floor(number(net) / shift) === Math.floor(number(address) / shift);
}

export function isInsecure(host: string, settings: RegistrySettings): boolean {
  if (isLoopback(host)) return true;
  return (settings.insecure ?? []).some(
    (entry) => entry === host || entry === hostname(host) || inRange(hostname(host), entry),
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function tlsFor(host: string, settings: RegistrySettings): Promise<TlsSettings> {
  const own: string[] = [];
  let client: { cert: string; key: string } | undefined;
  for (const folder of settings.certificateFolders ?? defaultFolders) {
    const directory = join(folder, host);
    const names = await readdir(directory).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
      throw error;
    });
    for (const name of names.sort()) {
      if (name.endsWith('.crt')) own.push(await readFile(join(directory, name), 'utf8'));
      if (!name.endsWith('.cert')) continue;
      const key = await readIfThere(join(directory, name.replace(/\.cert$/, '.key')));
      if (key === undefined)
        throw new Error(`cannot use the client certificate ${join(directory, name)}: its .key file is missing`);
      client = { cert: await readFile(join(directory, name), 'utf8'), key };
    }
  }
  return {
    ...(own.length === 0 ? {} : { ca: [...getCACertificates('default'), ...getCACertificates('system'), ...own] }),
    ...client,
    ...(isInsecure(host, settings) ? { insecure: true } : {}),
  };
}

async function endpointOf(
  name: string,
  host: string,
  path: string,
  mirror: boolean,
  settings: RegistrySettings,
): Promise<Endpoint> {
  const schemes = isInsecure(host, settings) ? ['https', 'http'] : ['https'];
  const urls = schemes.map((scheme) => new URL(`${scheme}://${host}${path}`));
  return { name, mirror, urls, tls: await tlsFor(host, settings) };
}

/** The servers for a registry's name, in the order to try. */
export async function endpointsFor(registry: string, settings: RegistrySettings): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = [];
  for (const text of settings.mirrors?.[registry] ?? []) {
    const url = new URL(text.includes('://') ? text : `https://${text}`);
    if (url.protocol === 'http:' && !isInsecure(url.host, settings))
      throw new Error(`cannot use the mirror ${text}: plain HTTP is only for registries listed as insecure`);
    const endpoint = await endpointOf(url.host, url.host, url.pathname.replace(/\/$/, ''), true, settings);
    const urls = text.startsWith('http://')
      ? endpoint.urls.filter(({ protocol }) => protocol === 'http:')
      : endpoint.urls;
    endpoints.push({ ...endpoint, urls });
  }
  const host = registry === 'docker.io' ? hubHost : registry;
  endpoints.push(await endpointOf(registry, host, '', false, settings));
  return endpoints;
}
