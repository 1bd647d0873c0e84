// Waiting for containers.

import type { WaitResult } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import { abortable } from './abortable.ts';
import type { Container } from './container.ts';

function resultOf({ state }: Container): WaitResult {
  return { StatusCode: state.exitCode, ...(state.error === '' ? {} : { Error: { Message: state.error } }) };
}

type ChangeName = 'exit' | 'removed' | 'failed';

/** Resolves with the first of these. */
function nextOf(container: Container, names: readonly ChangeName[], signal: AbortSignal): Promise<void> {
  return abortable(signal, (resolve) => {
    for (const name of names) container.changes.once(name, resolve);
    return () => {
      for (const name of names) container.changes.off(name, resolve);
    };
  });
}

/** Resolves when it doesn't run; at once if so. Also used by stop and remove. */
export async function untilStopped(container: Container, signal: AbortSignal): Promise<void> {
  while (container.isRunning) await nextOf(container, ['exit', 'removed'], signal);
}

export async function waitContainer(container: Container, condition: string, signal: AbortSignal): Promise<WaitResult> {
  switch (condition) {
    case '':
    case 'not-running':
      while (container.isRunning || container.state.status === 'restarting')
        await nextOf(container, ['exit', 'removed'], signal);
      return resultOf(container);
    case 'next-exit':
      await nextOf(container, ['exit', 'removed', 'failed'], signal);
      return resultOf(container);
    case 'removed':
      if (container.state.status !== 'dead' && !container.isRemoved) await nextOf(container, ['removed'], signal);
      return resultOf(container);
    default:
      throw new EngineError('InvalidArgument', `invalid condition: "${condition}"`);
  }
}
