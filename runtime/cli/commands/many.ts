// Doing the same to several things: each that works is printed, each that fails is said, the code tells if any failed.

import { EngineError } from '../../protocol/errors.ts';
import type { CliContext } from '../context.ts';

/** What a person reads of an error. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof EngineError && error.remedy !== undefined ? `${message}\n${error.remedy}` : message;
}

/** At the same time for all, reported in the order of the arguments. `forgives`: failures that are said and do not count. */
export async function forEach(
  context: CliContext,
  refs: readonly string[],
  body: (ref: string) => Promise<string | undefined>,
  forgives: (error: unknown) => boolean = () => false,
): Promise<number> {
  const results = await Promise.allSettled(refs.map(body));
  let code = 0;
  results.forEach((result) => {
    if (result.status === 'fulfilled') {
      if (result.value !== undefined) context.out(`${result.value}\n`);
    } else {
      context.error(`Error response from engine: ${errorText(result.reason)}\n`);
      if (!forgives(result.reason)) code = 1;
    }
  });
  return code;
}

/** Asks before something is destroyed. */
export async function confirm(context: CliContext, warning: string): Promise<boolean> {
  const answer = await context.terminal.ask(`${warning}\nAre you sure you want to continue? [y/N] `);
  return /^y(?:es)?$/i.test(answer.trim());
}
