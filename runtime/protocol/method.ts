// How a method is declared: once, with everything that client, server, CLI and documentation derive from it.
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import type { ErrorKind } from './errors.ts';

/** Only the type checker sees these: results and progress values are the engine's own and are not validated at run time. */
declare const resultType: unique symbol;
declare const progressType: unique symbol;

/**
 * - `call`: one request, one answer, perhaps with progress notifications in between.
 * - `stream`: the answer is a stream id. The client opens a second connection, writes `STREAM <id>\n`, and has a raw duplex
 *   stream from then on. What came of it all (the outcome) is asked for with `stream.wait`.
 */
type MethodKind = 'call' | 'stream';

export interface Method<
  Kind extends MethodKind = MethodKind,
  Params extends TSchema = TSchema,
  Result = unknown,
  Progress = unknown,
> {
  readonly kind: Kind;
  readonly summary: string;
  readonly params: Params;
  /** Kinds beside `InvalidArgument` (wrong parameters), `Cancelled` and `Internal`, which any method can give. */
  readonly errors: readonly ErrorKind[];
  readonly [resultType]?: Result;
  readonly [progressType]?: Progress;
}

interface Declaration<Params extends TSchema> {
  readonly summary: string;
  readonly params: Params;
  readonly errors?: readonly ErrorKind[];
}

export function call<Result, Progress = never>() {
  return <Params extends TSchema>(declaration: Declaration<Params>): Method<'call', Params, Result, Progress> => ({
    kind: 'call',
    errors: [],
    ...declaration,
  });
}

/** `Outcome` is what `stream.wait` gives when the stream has been served to its end. */
export function stream<Outcome, Progress = never>() {
  return <Params extends TSchema>(declaration: Declaration<Params>): Method<'stream', Params, Outcome, Progress> => ({
    kind: 'stream',
    errors: [],
    ...declaration,
  });
}

export type ParamsOf<M> = M extends Method<MethodKind, infer P, unknown, unknown> ? Static<P> : never;
export type ResultOf<M> = M extends { readonly [resultType]?: infer R } ? Exclude<R, undefined> : never;
export type ProgressOf<M> = M extends { readonly [progressType]?: infer P } ? Exclude<P, undefined> : never;

/** Parameters by name. Unknown ones are refused: a misspelt option must not be ignored silently. */
export function params<T extends TProperties>(properties: T): TObject<T> {
  return Type.Object(properties, { additionalProperties: false });
}

export const text = () => Type.String({ maxLength: 1 << 20 });
export const optionalText = () => Type.Optional(text());
export const flag = () => Type.Optional(Type.Boolean());
export const integer = () => Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });
export const optionalInteger = () => Type.Optional(integer());
export const texts = () => Type.Array(text());
export const optionalTexts = () => Type.Optional(texts());
export const textMap = () => Type.Record(Type.String(), text());
/** A set as Docker writes it: `{"80/tcp": {}}`. */
export const nameSet = () => Type.Record(Type.String(), Type.Object({}));

/** Docker's filters: all names must match; of one name's values, one (labels: all). */
export const filters = () => Type.Optional(Type.Record(Type.String(), texts()));
export type Filters = Readonly<Record<string, readonly string[]>>;

/** A container by id, unique id prefix or name. */
export const containerRef = () => Type.String({ minLength: 1, maxLength: 512 });
