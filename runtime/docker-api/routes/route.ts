// A path of the API and what serves it.
import type { MethodName, Params } from '../../protocol/methods.ts';
import { validateParams } from '../../rpc/validation.ts';
import type { Exchange } from '../exchange.ts';

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Matches the path without its version; its groups are `exchange.path`. */
  pattern: RegExp;
  serve(exchange: Exchange): Promise<void>;
}

export function route(method: Route['method'], path: string, serve: Route['serve']): Route {
  // {name} is one segment, {name*} any number of them: image names have slashes.
  const source = path.replace(/\{\w+\*\}/g, '(.+)').replace(/\{\w+\}/g, '([^/]+)');
  return { method, pattern: new RegExp(`^${source}$`), serve };
}

/** Parameters that come from a request's body: checked against the method's declaration before they are taken for its type. */
export function checked<N extends MethodName>(method: N, params: object): Params<N> {
  validateParams(method, params);
  return params as Params<N>;
}

/** Only what is defined: optional parameters are absent, not undefined. */
export function defined<T extends object>(params: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(params).filter(([, value]) => value !== undefined);
  // The result has just the properties whose values are defined; TypeScript has no type for "absent if undefined".
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
