// A real registry (Debian's docker-registry) on loopback, with its storage in a temporary directory.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RegistryOptions {
  /** PEM files for TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** An htpasswd file (bcrypt): the registry then wants Basic authentication. */
  readonly htpasswd?: string;
  /** A token server: the registry then wants its tokens, signed by a certificate of the bundle (a PEM file). */
  readonly token?: { readonly realm: string; readonly service: string; readonly bundle: string };
  /** Where it listens; default 127.0.0.1. */
  readonly address?: string;
}

export interface TestRegistry extends AsyncDisposable {
  /** `ADDRESS:PORT`. */
  readonly host: string;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function configuration(
  directory: string,
  port: number,
  { tls, htpasswd, token, address = '127.0.0.1' }: RegistryOptions,
): string {
  const lines = [
    'version: 0.1',
    'log: {level: warn}',
    `storage: {filesystem: {rootdirectory: ${join(directory, 'data')}}, delete: {enabled: true}, cache: {blobdescriptor: inmemory}}`,
    `http:`,
    `  addr: ${address}:${port}`,
  ];
  if (tls !== undefined) lines.push('  tls:', `    certificate: ${tls.certificate}`, `    key: ${tls.key}`);
  if (htpasswd !== undefined) lines.push('auth:', `  htpasswd: {realm: test, path: ${htpasswd}}`);
  if (token !== undefined) {
    const { realm, service, bundle } = token;
    lines.push(
      'auth:',
      `  token: {realm: "${realm}", service: ${service}, issuer: ${service}, rootcertbundle: ${bundle}}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Resolves when the registry listens. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-registry-'));
  const port = await freePort();
  const path = join(directory, 'config.yml');
  await writeFile(path, configuration(directory, port, options));
  const child = spawn('docker-registry', ['serve', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.resume();
  const host = `${options.address ?? '127.0.0.1'}:${port}`;
  await listening(child, host, options.tls !== undefined);
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listening(child: ChildProcess, host: string, tls: boolean): Promise<void> {
  const scheme = tls ? 'https' : 'http';
  for (;;) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    const answer = await run('curl', [
      '--silent',
      '--insecure',
      '--output',
      '/dev/null',
      '--retry',
      '50',
      '--retry-connrefused',
      '--retry-delay',
      '0',
      '--retry-max-time',
      '20',
      `${scheme}://${host}/v2/`,
    ]);
    if (answer.code === 0) return;
    throw new Error(`docker-registry does not answer: ${answer.stderr}`);
  }
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const [stdout, stderr, [code]] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

/** run() that must succeed; its output. */
export async function must(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream })) lines.push(line);
  return lines.join('\n');
}
