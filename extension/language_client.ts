// Starts the Dockerfile language server beside the extension and keeps it going.
import { setImmediate } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { LanguageClient, LanguageClientOptions, ServerOptions } from 'vscode-languageclient/node';

/** The documents that the server looks after; the same for unsaved ones. */
const documentSelector = ['dockerfile', 'dockerignore'].flatMap((language) => [
  { scheme: 'file', language },
  { scheme: 'untitled', language },
]);

/** Owns the language server's process; starts it, and loads what speaks to it, with the first Dockerfile, never before. */
export class DockerfileLanguage implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #socket: () => string;
  readonly #subscriptions: vscode.Disposable[];
  #client: Promise<LanguageClient> | undefined;

  /** @param socket where the engine answers, so that the server can ask it once it runs. */
  constructor(context: vscode.ExtensionContext, socket: () => string) {
    this.#context = context;
    this.#socket = socket;
    this.#subscriptions = [
      vscode.workspace.onDidOpenTextDocument((document) => this.#startFor(document)),
      vscode.commands.registerCommand('slipway.languageServer.restart', () => this.#restart()),
    ];
    for (const document of vscode.workspace.textDocuments) this.#startFor(document);
  }

  #startFor(document: vscode.TextDocument): void {
    if (vscode.languages.match(documentSelector, document) > 0) this.#client ??= this.#start();
  }

  async #start(): Promise<LanguageClient> {
    // A window that opens with a Dockerfile is there first.
    await setImmediate();
    const { LanguageClient, TransportKind } = await import('vscode-languageclient/node');
    const module = this.#context.asAbsolutePath('dist/language-server.js');
    const server: ServerOptions = { module, transport: TransportKind.ipc };
    const options: LanguageClientOptions = {
      documentSelector,
      outputChannelName: 'Slipway Dockerfile',
      initializationOptions: {
        socketPath: this.#socket(),
        codeLensCommands: ['slipway.image.buildStage', 'slipway.image.runStage'],
      },
      synchronize: {
        configurationSection: 'slipway.dockerfile',
      },
    };
    const client = new LanguageClient('slipway.languageServer', 'Slipway Dockerfile', server, options);
    await client.start();
    return client;
  }

  async #restart(): Promise<void> {
    const isFirst = this.#client === undefined;
    this.#client ??= this.#start();
    const client = await this.#client;
    if (!isFirst) await client.restart();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
    // Resolves when the server's process has ended; the editor doesn't wait for it when it shuts down.
    void this.#client?.then(
      (client) => client.dispose(),
      () => undefined,
    );
  }
}
