// Docker's own definition of its API (Swagger 2.0), where that file lies beside the checkout.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Schema {
  $ref?: string;
  type?: string;
  enum?: readonly unknown[];
  required?: readonly string[];
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  allOf?: readonly Schema[];
}

interface Operation {
  responses: Readonly<Record<string, { schema?: Schema }>>;
}

interface Document {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  definitions: Readonly<Record<string, Schema>>;
}

/** Beside the checkout, or beside the folder of several checkouts. */
const file = ['../../..', '../../../..']
  .map((up) => join(import.meta.dirname, up, 'shared/docker-engine-api-v1.51.yaml'))
  .find((path) => existsSync(path));

export function whyNoDefinition(): string | undefined {
  return file === undefined ? 'no shared/docker-engine-api-v1.51.yaml beside the checkout' : undefined;
}

export class ApiDefinition {
  readonly #document: Document = parse(readFileSync(file ?? '', 'utf8'));
  readonly #patterns = Object.keys(this.#document.paths)
    // Words before open parts: /images/json is no image.
    .sort((a, b) => a.split('{').length - b.split('{').length || b.length - a.length)
    .map((path) => ({
      path,
      // Names of images have slashes.
      pattern: new RegExp(`^${path.replace(/\{name\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`),
    }));

  /** The path of the definition that `path` (no version, no query) is one of. */
  pathOf(path: string): string | undefined {
    return this.#patterns.find(({ pattern }) => pattern.test(path))?.path;
  }

  /** What is wrong with an answer, each fault with its place; a refusal has to be the common error. */
  faults(method: string, path: string, status: number, body: unknown): string[] {
    const known = this.pathOf(path);
    const operation = known === undefined ? undefined : this.#document.paths[known]?.[method.toLowerCase()];
    const response = operation?.responses[status];
    if (body === undefined || status === 101) return [];
    if (status >= 400) return this.#check(response?.schema ?? { $ref: '#/definitions/ErrorResponse' }, body, '');
    // `/build/cancel`, and methods of paths that only dockerd knows.
    if (operation === undefined) return [];
    if (response === undefined) return [`the definition does not have the status ${status}`];
    return response.schema === undefined ? [] : this.#check(response.schema, body, '');
  }

  #check(schema: Schema, value: unknown, at: string): string[] {
    if (schema.$ref !== undefined) {
      const named = this.#document.definitions[schema.$ref.replace('#/definitions/', '')];
      return named === undefined ? [`${at}: unknown ${schema.$ref}`] : this.#check(named, value, at);
    }
    // What is empty in Go's memory is null in dockerd's answers, which the definition tells of only sometimes.
    if (value === null) return [];
    const found = (schema.allOf ?? []).flatMap((part) => this.#check(part, value, at));
    if (schema.type !== undefined && !isOfType(schema.type, value)) {
      return [...found, `${at}: ${JSON.stringify(value)} is no ${schema.type}`];
    }
    if (schema.enum !== undefined && typeof value !== 'object' && !schema.enum.includes(value))
      found.push(`${at}: ${String(value)} is not in the list`);
    if (Array.isArray(value)) {
      const { items } = schema;
      return items === undefined ? found : [...found, ...value.flatMap((item) => this.#check(items, item, `${at}[]`))];
    }
    if (typeof value !== 'object') return found;
    for (const name of schema.required ?? []) if (!(name in value)) found.push(`${at}.${name} is missing`);
    for (const [name, member] of Object.entries(value)) {
      const other = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
      const inner = schema.properties?.[name] ?? other;
      if (inner !== undefined) found.push(...this.#check(inner, member, `${at}.${name}`));
    }
    return found;
  }
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && !Array.isArray(value);
  return typeof value === type;
}
