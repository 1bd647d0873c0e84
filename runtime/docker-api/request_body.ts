// Bodies as Go reads them: `null` is the same as absent, and where a list of words is wanted one word may stand alone.
import { HttpError } from './failure.ts';

/** Fields that Docker's API takes as a string or as a list of strings. */
const listOrText = new Set(['Cmd', 'Entrypoint', 'Shell']);

/** @throws HttpError 400 for what is no JSON object. */
export function parseBody(bytes: Buffer): Record<string, unknown> | undefined {
  const text = bytes.toString('utf8').trim();
  if (text === '' || text === 'null') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, `invalid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'invalid JSON: an object was expected');
  }
  return withoutNulls(value as Record<string, unknown>);
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (field !== null) kept[key] = listOrText.has(key) && typeof field === 'string' ? [field] : normalise(field);
  }
  return kept;
}

function normalise(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(normalise);
  return typeof value === 'object' && value !== null ? withoutNulls(value as Record<string, unknown>) : value;
}

/** A part of a body that is an object itself; empty where it is absent. */
export function section(body: Record<string, unknown> | undefined, name: string): Record<string, unknown> {
  const value = body?.[name];
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HttpError(400, `${name} is not an object`);
  return value as Record<string, unknown>;
}

/** A text field of a body. */
export function textField(body: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = body?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
