// Credentials as Docker keeps them: config.json (`auths`, `credsStore`, `credHelpers`) and its helper programs
// (docker-credential-NAME get|store|erase, JSON over stdin and stdout).
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasCode } from '../store/files.ts';

export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity'; readonly token: string };

/** Where the engine asks for a registry's credentials. */
export interface CredentialSource {
  /** `registry` is the host as references name it: `docker.io`, `localhost:5000`. */
  get(registry: string): Promise<Credential | undefined>;
}

export const noCredentials: CredentialSource = { get: () => Promise.resolve(undefined) };

/** One credential for one registry and nothing for any other: what a client sent along with its call. */
export function credentialFor(registry: string, credential: Credential): CredentialSource {
  return { get: (asked) => Promise.resolve(asked === registry ? credential : undefined) };
}

const hubKey = 'https://index.docker.io/v1/';

/** The keys under which Docker and others may have stored a registry's credentials, the usual one first. */
function keysOf(registry: string): string[] {
  if (registry === 'docker.io') return [hubKey, 'docker.io', 'index.docker.io', 'registry-1.docker.io'];
  return [registry, `https://${registry}`, `https://${registry}/`, `http://${registry}`, `https://${registry}/v2/`];
}

interface ConfigFile {
  auths?: Record<string, { auth?: string; identitytoken?: string; username?: string; password?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

export class DockerConfig implements CredentialSource {
  readonly #path: string;

  /** `directory` defaults to $DOCKER_CONFIG, then ~/.docker. */
  constructor(directory?: string) {
    this.#path = join(directory ?? process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json');
  }

  async #read(): Promise<ConfigFile> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return {};
      throw error;
    }
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
    } catch {
      throw new Error(`cannot read ${this.#path}: it is not JSON; correct or remove it`);
    }
  }

  #helperOf(config: ConfigFile, registry: string): string | undefined {
    const key = keysOf(registry).find((candidate) => config.credHelpers?.[candidate] !== undefined);
    return (key === undefined ? undefined : config.credHelpers?.[key]) ?? (config.credsStore || undefined);
  }

  async get(registry: string): Promise<Credential | undefined> {
    const config = await this.#read();
    const helper = this.#helperOf(config, registry);
    if (helper !== undefined) {
      for (const key of keysOf(registry).slice(0, 2)) {
        const found = await askHelper(helper, key);
        if (found !== undefined) return found;
      }
    }
    for (const key of keysOf(registry)) {
      const found = decodeEntry(config.auths?.[key]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The registries of the file with their user names ('' where a helper keeps them). */
  async list(): Promise<Map<string, string>> {
    const config = await this.#read();
    const found = new Map<string, string>();
    for (const [key, entry] of Object.entries(config.auths ?? {})) {
      const registry = key === hubKey ? 'docker.io' : key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
      const credential = decodeEntry(entry);
      found.set(registry, credential?.kind === 'password' ? credential.username : '');
    }
    return found;
  }

  /** Stores after a login that the registry has accepted. */
  async set(registry: string, credential: Credential): Promise<void> {
    const config = await this.#read();
    const [key = registry] = keysOf(registry);
    const helper = this.#helperOf(config, registry);
    if (helper !== undefined) {
      const secret = credential.kind === 'password' ? credential.password : credential.token;
      const Username = credential.kind === 'password' ? credential.username : '<token>';
      await runHelper(helper, 'store', JSON.stringify({ ServerURL: key, Username, Secret: secret }));
      // Docker's own client finds the registry by this empty entry.
      return this.#write({ ...config, auths: { ...config.auths, [key]: {} } });
    }
    const entry =
      credential.kind === 'password'
        ? { auth: Buffer.from(`${credential.username}:${credential.password}`).toString('base64') }
        : { auth: Buffer.from('<token>:').toString('base64'), identitytoken: credential.token };
    return this.#write({ ...config, auths: { ...config.auths, [key]: entry } });
  }

  /** Answers whether there was anything to remove. */
  async erase(registry: string): Promise<boolean> {
    const config = await this.#read();
    const keys = keysOf(registry);
    const helper = this.#helperOf(config, registry);
    if (helper !== undefined) await runHelper(helper, 'erase', keys[0] ?? registry);
    const auths = { ...config.auths };
    const present = keys.filter((key) => auths[key] !== undefined);
    for (const key of present) delete auths[key];
    if (present.length > 0) await this.#write({ ...config, auths });
    return present.length > 0;
  }

  /** Everything else in the file stays as it is, other programs' settings included. */
  async #write(config: ConfigFile): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.${randomUUID()}`;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(config, undefined, '\t')}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

function decodeEntry(entry: NonNullable<ConfigFile['auths']>[string] | undefined): Credential | undefined {
  if (entry === undefined || entry === null) return undefined;
  if (entry.identitytoken) return { kind: 'identity', token: entry.identitytoken };
  if (entry.username && entry.password) return { kind: 'password', username: entry.username, password: entry.password };
  if (!entry.auth) return undefined;
  const text = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  return colon <= 0 ? undefined : { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function askHelper(helper: string, key: string): Promise<Credential | undefined> {
  const output = await runHelper(helper, 'get', key);
  if (output === undefined) return undefined;
  const answer = JSON.parse(output) as { Username?: string; Secret?: string };
  if (!answer.Secret) return undefined;
  if (answer.Username === '<token>') return { kind: 'identity', token: answer.Secret };
  return { kind: 'password', username: answer.Username ?? '', password: answer.Secret };
}

const helperTimeout = 30_000;

/** The helper's output; undefined where it has no credentials for the key. Throws where it can't be run or fails. */
function runHelper(helper: string, verb: 'get' | 'store' | 'erase', input: string): Promise<string | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper))
    throw new Error(`cannot use the credential helper ${JSON.stringify(helper)}: that is not a program's name`);
  const program = `docker-credential-${helper}`;
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const child = spawn(program, [verb], { stdio: ['pipe', 'pipe', 'ignore'], timeout: helperTimeout });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.on('error', (error) => reject(new Error(`cannot run the credential helper ${program}: ${error.message}`)));
  child.on('close', (code) => {
    if (code === 0) resolve(output);
    else if (/credentials not found|no credentials/i.test(output)) resolve(undefined);
    else
      reject(
        new Error(
          `the credential helper ${program} ${verb} failed: ${output.trim().slice(0, 300) || `exit code ${code}`}`,
        ),
      );
  });
  child.stdin.on('error', () => {}); // a helper that doesn't read its input says why by its exit code
  child.stdin.end(input);
  return promise;
}
