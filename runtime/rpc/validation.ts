// Parameters are checked at the door, against the one declaration of their method.
import { Check, Errors } from 'typebox/value';
import { EngineError } from '../protocol/errors.ts';
import { type MethodName, methods } from '../protocol/methods.ts';

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

/** Throws `InvalidArgument` naming the first wrong field: `container.create: HostConfig.Memory must be integer`. */
export function validateParams(name: MethodName, params: unknown): void {
  const schema = methods[name].params;
  if (Check(schema, params)) return;
  // The last error is the most specific one: TypeBox goes from the field to what that means for its parents.
  const error =
    Errors(schema, params).find(({ keyword }) => keyword !== 'anyOf' && keyword !== 'boolean') ??
    Errors(schema, params)[0];
  const field = (error?.instancePath ?? '').slice(1).replaceAll('/', '.');
  const what = error?.message ?? 'has wrong parameters';
  const unknown = error?.keyword === 'additionalProperties' ? ` (${JSON.stringify(error.params)})` : '';
  throw new EngineError('InvalidArgument', `${name}: ${field === '' ? 'the parameters' : field} ${what}${unknown}`);
}
