// How the engine reaches registries: its settings, and whose credentials it uses. And the protocol's registry methods.
import type { EngineOptions } from '../engine/options.ts';
import type { HandlersOf } from '../protocol/handler.ts';
import type { OciPlatform } from '../protocol/image.ts';
import type { registryMethods } from '../protocol/registry.ts';
import {
  checkLogin,
  deleteTag,
  hubLastPushed,
  instantOf,
  listRepositories,
  listTags,
  searchRepositories,
} from '../registry/catalog.ts';
import { RegistryClient } from '../registry/client.ts';
import { type Credential, credentialFor, DockerConfig } from '../registry/credentials.ts';
import { isInsecure, type RegistrySettings } from '../registry/hosts.ts';
import { defaultRetryPolicy, type RetryPolicy } from '../registry/retry.ts';
import { withFailures } from './failures.ts';
import { type IndexDocument, type ManifestDocument, parseManifest } from './manifest.ts';
import { parseReference } from './reference.ts';
import { fetchImage } from './registry_image.ts';

/** Docker's AuthConfig. */
export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** `https://index.docker.io/v1/` and its likes are docker.io; others lose scheme and path. */
function registryHost(server: string | undefined): string {
  const host = (server ?? '').replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io', 'hub.docker.com'].includes(host)
    ? 'docker.io'
    : host;
}

/** Of the credentials that came with a call, by server, those for a registry. */
export function authFor<T>(auths: Readonly<Record<string, T>> | undefined, registry: string): T | undefined {
  return Object.entries(auths ?? {}).find(([server]) => registryHost(server) === registry)?.[1];
}

function readCredential(auth: AuthConfig): Credential | undefined {
  if (auth.identitytoken) return { kind: 'identity', token: auth.identitytoken };
  if (auth.username) return { kind: 'password', username: auth.username, password: auth.password ?? '' };
  const pair = auth.auth === undefined ? '' : Buffer.from(auth.auth, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon > 0 ? { kind: 'password', username: pair.slice(0, colon), password: pair.slice(colon + 1) } : undefined;
}

export class RegistryAccess {
  readonly config: DockerConfig;
  readonly #options: EngineOptions;
  readonly #overrides: { readonly settings?: RegistrySettings; readonly retry?: Partial<RetryPolicy> };

  constructor(
    options: EngineOptions,
    overrides: {
      readonly settings?: RegistrySettings;
      readonly config?: DockerConfig;
      readonly retry?: Partial<RetryPolicy>;
    } = {},
  ) {
    this.#options = options;
    this.#overrides = overrides;
    this.config = overrides.config ?? new DockerConfig();
  }

  /** As they are now: a reload changes them. */
  get settings(): RegistrySettings {
    const { registrySearch, insecureRegistries, registryMirrors } = this.#options;
    return {
      search: registrySearch,
      insecure: insecureRegistries,
      mirrors: { 'docker.io': registryMirrors },
      ...this.#overrides.settings,
    };
  }

  /** A client for one operation. Credentials that came with the call are for `registry` alone. */
  client(registry: string, auth?: AuthConfig): RegistryClient {
    const sent = auth === undefined ? undefined : readCredential(auth);
    const credentials = sent === undefined ? this.config : credentialFor(registry, sent);
    const retry = { ...defaultRetryPolicy, attempts: this.#options.maxDownloadAttempts, ...this.#overrides.retry };
    return new RegistryClient({ settings: this.settings, credentials, retry });
  }

  async search(term: string, limit: number, auth: AuthConfig | undefined, signal: AbortSignal) {
    using client = this.client('docker.io', auth);
    return searchRepositories(client, term, limit, signal);
  }
}

function platformsOf(document: ManifestDocument | IndexDocument, own: OciPlatform): OciPlatform[] {
  if (document.kind === 'manifest') return [own];
  return document.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [{ ...platform }],
  );
}

export function registryHandlers(access: RegistryAccess): HandlersOf<typeof registryMethods> {
  return {
    'registry.login': ({ Server, Username, Password, Store }, { signal }) =>
      withFailures(`log in to ${registryHost(Server)}`, async () => {
        const registry = registryHost(Server);
        using client = access.client(registry, { username: Username, password: Password });
        await checkLogin(client, registry, signal);
        if (Store !== false)
          await access.config.set(registry, { kind: 'password', username: Username, password: Password });
        return { Status: 'Login Succeeded', IdentityToken: '' };
      }),
    'registry.logout': async ({ Server }) => ({ Removed: await access.config.erase(registryHost(Server)) }),
    'registry.list': async () => {
      const known = await access.config.list();
      const names = new Set([...known.keys(), ...(access.settings.search ?? [])]);
      return [...names].map((Server) => ({
        Server,
        Username: known.get(Server) ?? '',
        Secure: !isInsecure(Server, access.settings),
      }));
    },
    'registry.repositories': ({ Server, Auth }, { signal }) =>
      withFailures(`list the repositories of ${Server}`, async () => {
        using client = access.client(registryHost(Server), Auth);
        return listRepositories(client, registryHost(Server), signal);
      }),
    'registry.tags': ({ Repository, Auth }, { signal }) =>
      withFailures(`list the tags of ${Repository}`, async () => {
        const reference = parseReference(Repository);
        using client = access.client(reference.registry, Auth);
        return listTags(client, reference, signal);
      }),
    'registry.deleteTag': ({ Reference, Auth }, { signal }) =>
      withFailures(`delete ${Reference}`, async () => {
        const reference = parseReference(Reference);
        using client = access.client(reference.registry, Auth);
        return { Digest: await deleteTag(client, reference, signal) };
      }),
    'registry.inspect': ({ Reference, Auth }, { signal }) =>
      withFailures(`inspect ${Reference}`, async () => {
        const reference = parseReference(Reference);
        using client = access.client(reference.registry, Auth);
        const { data, digest, mediaType, lastModified } = await client.manifest(
          reference,
          reference.digest ?? reference.tag ?? 'latest',
          signal,
        );
        const document = parseManifest(data, mediaType);
        const onHub = reference.registry === 'docker.io' && reference.digest === undefined;
        const asked = onHub ? await hubLastPushed(client, reference, signal) : undefined;
        const LastPushed = asked ?? instantOf(lastModified);
        const pushed = LastPushed === undefined ? {} : { LastPushed };
        if (document.kind === 'index')
          return {
            Descriptor: { mediaType: document.mediaType, digest, size: data.length },
            Platforms: platformsOf(document, { os: '', architecture: '' }),
            ...pushed,
          };
        const { image } = await fetchImage(client, reference, undefined, signal);
        const { os, architecture, variant } = image.config;
        return {
          Descriptor: { mediaType: document.mediaType, digest, size: data.length },
          Platforms: [{ os, architecture, ...(variant === undefined ? {} : { variant }) }],
          ...pushed,
        };
      }),
  };
}
