// A registry as public ones are: TLS, and tokens from a server of its own (Docker's token authentication specification).
import { randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, startRegistry, type TestRegistry } from './registry.ts';

const service = 'harbour-registry';

export interface TokenRegistry extends TestRegistry {
  readonly user: string;
  readonly password: string;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** What a scope asks for: `repository:me/app:pull,push`. */
function access(scope: string): { type: string; name: string; actions: string[] } {
  const [type = '', ...rest] = scope.split(':');
  const actions = (rest.pop() ?? '').split(',');
  return { type, name: rest.join(':'), actions };
}

/** A JSON web token as the registry takes it, signed by the certificate that it carries. */
function token(key: string, certificate: string, user: string, scopes: readonly string[]): string {
  const chain = certificate.replace(/-----[A-Z ]+-----|\s/g, '');
  const now = Math.floor(Date.now() / 1000);
  const times = { exp: now + 300, nbf: now - 10, iat: now };
  const claims = { iss: service, sub: user, aud: service, ...times, jti: randomUUID(), access: scopes.map(access) };
  const text = `${base64url({ typ: 'JWT', alg: 'RS256', x5c: [chain] })}.${base64url(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

/** Answers only who gives the name and the password; nobody may do anything without. */
function tokenServer(key: string, certificate: string, user: string, password: string): Server {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return createServer({ key, cert: certificate }, (request, response) => {
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"details":"wrong name or password"}');
      return;
    }
    const scopes = new URL(request.url ?? '/', 'https://localhost').searchParams.getAll('scope');
    const granted = token(
      key,
      certificate,
      user,
      scopes.flatMap((scope) => scope.split(' ')),
    );
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token: granted, access_token: granted, expires_in: 300 }));
  });
}

export async function startTokenRegistry(user = 'captain', password = 'secret-1'): Promise<TokenRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-token-'));
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await must('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate],
    ...subject,
  ]);
  const server = tokenServer(readFileSync(key, 'utf8'), readFileSync(certificate, 'utf8'), user, password);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the token server has no port');
  const realm = `https://127.0.0.1:${address.port}/token`;
  const registry = await startRegistry({ tls: { certificate, key }, token: { realm, service, bundle: certificate } });
  return {
    host: registry.host,
    user,
    password,
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
