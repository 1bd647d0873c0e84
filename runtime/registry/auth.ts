// Authentication (distribution's token specification, and RFC 7617 for Basic). One `Authenticator` belongs to one endpoint:
// its tokens and credentials can't reach another host, because nobody else holds them.

import type { Reach } from './addresses.ts';
import type { Credential, CredentialSource } from './credentials.ts';
import { RegistryError, refusal } from './errors.ts';
import { type HttpClient, type HttpResponse, readBody, type TlsSettings } from './http.ts';

export interface Challenge {
  readonly scheme: 'bearer' | 'basic';
  readonly parameters: Readonly<Record<string, string>>;
}

/** Parses `WWW-Authenticate` (RFC 9110, 11.6.1): the first Bearer challenge, else the first Basic one. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined) return undefined;
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const token = /\s*,?\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
  for (let match = token.exec(header); match !== null; match = token.exec(header)) {
    const [, name = '', quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    const last = challenges.at(-1);
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: {} });
    else if (last !== undefined) last.parameters[name.toLowerCase()] = value;
  }
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) return { scheme: 'bearer', parameters: bearer.parameters };
  const basic = challenges.find(({ scheme }) => scheme === 'basic');
  return basic === undefined ? undefined : { scheme: 'basic', parameters: basic.parameters };
}

interface Token {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

const maxTokenBody = 1 << 20;
const clientId = 'slipway';

export interface AuthenticatorOptions {
  readonly http: HttpClient;
  /** The registry's name, for credentials and messages. */
  readonly name: string;
  /** The endpoint that is authenticated for. */
  readonly endpoint: URL;
  readonly tls: TlsSettings;
  readonly reach: Reach;
  readonly credentials: CredentialSource;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #tokens = new Map<string, Token>();
  /** The challenge seen last, so that later requests bring their token at once. */
  #challenge: Challenge | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** The Authorization header for a request with this scope, where one is known to be wanted. */
  async header(scope: string, signal?: AbortSignal): Promise<string | undefined> {
    return this.#challenge === undefined ? undefined : this.#answer(this.#challenge, scope, signal);
  }

  /** After a 401: the header to try again with, or undefined where there is nothing (new) to try. */
  async challenged(
    response: HttpResponse,
    scope: string,
    used: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const challenge = parseChallenge(response.headers['www-authenticate']);
    if (challenge === undefined) return undefined;
    this.#challenge = challenge;
    // A server may ask for more than we thought the request needs.
    const wanted = challenge.parameters.scope ?? scope;
    if (used !== undefined) this.#tokens.delete(scope);
    const header = await this.#answer(challenge, mergeScopes(scope, wanted), signal);
    return header === used ? undefined : header;
  }

  async #answer(challenge: Challenge, scope: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const credential = await this.#options.credentials.get(this.#options.name);
    if (challenge.scheme === 'basic') return credential?.kind === 'password' ? basic(credential) : undefined;
    const known = this.#tokens.get(scope);
    if (known !== undefined && known.expires > Date.now()) return known.header;
    const token = await this.#fetchToken(challenge, scope, credential, signal);
    this.#tokens.set(scope, token);
    return token.header;
  }

  /** A realm must be https, or the registry itself; anything else could carry credentials off in the clear. */
  #realm(challenge: Challenge): URL {
    const { endpoint, name } = this.#options;
    const text = challenge.parameters.realm;
    let realm: URL;
    try {
      realm = new URL(text ?? '');
    } catch {
      throw new RegistryError(`cannot log in to ${name}: its token realm is not a URL`, 401);
    }
    const sameHost = realm.hostname === endpoint.hostname && endpoint.protocol === 'http:';
    if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && sameHost))
      throw new RegistryError(`cannot log in to ${name}: its token realm ${realm.origin} is not https`, 401);
    if (realm.username !== '' || realm.password !== '')
      throw new RegistryError(`cannot log in to ${name}: its token realm has credentials in it`, 401);
    return realm;
  }

  async #fetchToken(
    challenge: Challenge,
    scope: string,
    credential: Credential | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    const { http, name, endpoint, tls, reach } = this.#options;
    const realm = this.#realm(challenge);
    const service = challenge.parameters.service;
    const scopes = scope.split(' ').filter((part) => part !== '');
    const common = {
      reach,
      // A private CA, or being listed as insecure, goes for the whole machine: token servers have ports of their own.
      ...(realm.hostname === endpoint.hostname ? { tls } : {}),
      ...(signal === undefined ? {} : { signal }),
    };
    let response: HttpResponse;
    if (credential?.kind === 'identity') {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: credential.token,
        client_id: clientId,
      });
      if (service !== undefined) form.set('service', service);
      if (scopes.length > 0) form.set('scope', scopes.join(' '));
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      response = await http.send({
        ...common,
        method: 'POST',
        url: realm,
        headers,
        body: Buffer.from(form.toString()),
      });
    } else {
      if (service !== undefined) realm.searchParams.set('service', service);
      for (const part of scopes) realm.searchParams.append('scope', part);
      if (credential !== undefined) realm.searchParams.set('account', credential.username);
      const headers = credential === undefined ? {} : { authorization: basic(credential) };
      response = await http.send({ ...common, method: 'GET', url: realm, headers });
    }
    if (response.status !== 200) throw await refusal(response, `log in to ${name}`);
    return readToken(await readBody(response, maxTokenBody, 'a token'), name);
  }
}

function basic(credential: Extract<Credential, { kind: 'password' }>): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
}

function readToken(body: Buffer, name: string): Token {
  let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown };
  try {
    answer = JSON.parse(body.toString('utf8'));
  } catch {
    throw new RegistryError(`cannot log in to ${name}: the token server's answer is not JSON`, 401);
  }
  const token = answer.token ?? answer.access_token;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new RegistryError(`cannot log in to ${name}: the token server's answer has no token`, 401);
  // The specification's default is 60 s; some slack for the way there and clocks.
  const seconds = typeof answer.expires_in === 'number' ? Math.max(answer.expires_in, 60) : 60;
  return { header: `Bearer ${token}`, expires: Date.now() + (seconds - 10) * 1000 };
}

function mergeScopes(first: string, second: string): string {
  return [...new Set([...first.split(' '), ...second.split(' ')])].filter((part) => part !== '').join(' ');
}
