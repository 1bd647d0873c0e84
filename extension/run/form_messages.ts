// What passes between the run form in its webview and the extension.
import type { RunOptions } from './options.ts';

export type ToForm =
  | { type: 'show'; options: RunOptions; networks: readonly string[]; volumes: readonly string[] }
  | { type: 'preview'; line: string }
  | { type: 'failed'; message: string };

export type FromForm =
  | { type: 'ready' }
  | { type: 'changed'; options: RunOptions }
  | { type: 'run'; options: RunOptions }
  | { type: 'copy'; options: RunOptions }
  | { type: 'save'; options: RunOptions };
