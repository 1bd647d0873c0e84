// Other tools on Slipway: DOCKER_HOST in integrated terminals, a docker context, and `slipway` on their PATH.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { Handler } from './commands/app.ts';

const run = promisify(execFile);

/** The Docker Engine API's socket lies beside the engine's own. */
function dockerSocket(engineSocket: string): string {
  return join(dirname(engineSocket), 'docker.sock');
}

/** Keeps integrated terminals' environment as the settings say. */
export class TerminalEnvironment implements vscode.Disposable {
  readonly #collection: vscode.GlobalEnvironmentVariableCollection;
  readonly #context: vscode.ExtensionContext;
  readonly #socket: () => string;
  readonly #subscription: vscode.Disposable;

  constructor(context: vscode.ExtensionContext, socket: () => string) {
    this.#context = context;
    this.#collection = context.environmentVariableCollection;
    this.#socket = socket;
    this.#collection.description = vscode.l10n.t(
      '`slipway` on the PATH, and `docker` on Slipway where the setting says so',
    );
    this.#subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('slipway')) this.apply();
    });
    this.apply();
  }

  apply(): void {
    this.#collection.clear();
    this.#collection.append('PATH', `:${this.#context.asAbsolutePath('dist/bin')}`);
    this.#collection.replace('SLIPWAY_NODE', process.execPath);
    // Where bash and fish look for completions. Unset, it stands for these two (XDG Base Directory Specification).
    const shared = process.env['XDG_DATA_DIRS'] || '/usr/local/share:/usr/share';
    this.#collection.replace('XDG_DATA_DIRS', `${shared}:${this.#context.asAbsolutePath('dist/share')}`);
    if (vscode.workspace.getConfiguration('slipway.terminal').get('dockerHost', false)) {
      this.#collection.replace('DOCKER_HOST', `unix://${dockerSocket(this.#socket())}`);
    }
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

export function dockerHostCommands(socket: () => string): Readonly<Record<string, Handler>> {
  return {
    'slipway.terminal.useDockerHost': async (app) => {
      await app.engine.client();
      const settings = vscode.workspace.getConfiguration('slipway.terminal');
      await settings.update('dockerHost', true, vscode.ConfigurationTarget.Global);
      void vscode.window.showInformationMessage(vscode.l10n.t('New terminals have DOCKER_HOST set to Slipway.'));
    },

    'slipway.terminal.createContext': async () => {
      const host = `host=unix://${dockerSocket(socket())}`;
      const known = (await run('docker', ['context', 'ls', '--format', '{{.Name}}'])).stdout.split('\n');
      const verb = known.includes('slipway') ? 'update' : 'create';
      await run('docker', ['context', verb, 'slipway', '--description', 'Slipway', '--docker', host]);
      void vscode.window.showInformationMessage(
        vscode.l10n.t('The docker context “slipway” is ready: docker context use slipway'),
      );
    },
  };
}
