// What a registry answers when it refuses (OCI distribution specification, "Error Codes").
import type { HttpResponse } from './http.ts';
import { discardBody, readBody } from './http.ts';

/** A registry's refusal, or no usable answer at all (`status` 0). */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  /** The HTTP status. */
  readonly status: number;
  /** The first code of the registry's error document: `MANIFEST_UNKNOWN`, `DENIED`, … */
  readonly code: string | undefined;

  constructor(message: string, status: number, code?: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}

interface ErrorDetail {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

function readDetail(body: Buffer): ErrorDetail {
  try {
    const document = JSON.parse(body.toString('utf8')) as {
      errors?: { code?: unknown; message?: unknown }[];
      details?: unknown;
    };
    const first = document.errors?.[0];
    const code = typeof first?.code === 'string' ? first.code : undefined;
    const message = typeof first?.message === 'string' ? first.message : undefined;
    return { code, message: message ?? (typeof document.details === 'string' ? document.details : undefined) };
  } catch {
    return { code: undefined, message: undefined };
  }
}

/** A text from outside, fit to be shown in a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, 300);
}

const sentences: Readonly<Record<number, string>> = {
  401: 'unauthorized: log in first, or the name does not exist',
  403: 'access denied',
  404: 'not found',
  405: 'the registry does not allow this operation',
  416: 'the registry cannot continue the download at this place',
  429: 'too many requests: the registry limits how often it may be asked',
};

/** Reads the error document and makes the error: `cannot <what>: <sentence>`. */
export async function refusal(response: HttpResponse, what: string): Promise<RegistryError> {
  let detail: ErrorDetail = { code: undefined, message: undefined };
  try {
    detail = readDetail(await readBody(response, 1 << 16, 'the error document'));
  } catch {
    discardBody(response);
  }
  const sentence = sentences[response.status] ?? `the registry answered with status ${response.status}`;
  const said = [detail.code, detail.message].filter((part) => part !== undefined).map(printable);
  const suffix = said.length === 0 ? '' : ` (${said.join(': ')})`;
  return new RegistryError(`cannot ${what}: ${sentence}${suffix}`, response.status, detail.code);
}
