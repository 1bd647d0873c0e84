// Starts the Dockerfile language server beside the extension and keeps it going.
import * as vscode from 'vscode';
import {
  LanguageClient,
  type LanguageClientOptions,
  type ServerOptions,
  TransportKind,
} from 'vscode-languageclient/node';

/** The documents that the server looks after; the same for unsaved ones. */
const documentSelector = ['dockerfile', 'dockerignore'].flatMap((language) => [
  { scheme: 'file', language },
  { scheme: 'untitled', language },
]);

/** Owns the language server's process; starts it with the first Dockerfile, never before. */
export class DockerfileLanguage implements vscode.Disposable {
  readonly #client: LanguageClient;
  readonly #subscriptions: vscode.Disposable[];
  #started: Promise<void> | undefined;

  /** @param socketPath where the engine answers, so that the server can ask it once it runs. */
  constructor(context: vscode.ExtensionContext, socketPath: string) {
    const module = context.asAbsolutePath('dist/language-server.js');
    const server: ServerOptions = { module, transport: TransportKind.ipc };
    const options: LanguageClientOptions = {
      documentSelector,
      outputChannelName: 'Slipway Dockerfile',
      initializationOptions: { socketPath, codeLensCommands: ['slipway.image.buildStage', 'slipway.image.runStage'] },
      synchronize: {
        configurationSection: 'slipway.dockerfile',
      },
    };
    this.#client = new LanguageClient('slipway.languageServer', 'Slipway Dockerfile', server, options);
    this.#subscriptions = [
      vscode.workspace.onDidOpenTextDocument((document) => this.#startFor(document)),
      vscode.commands.registerCommand('slipway.languageServer.restart', () => this.#restart()),
    ];
    for (const document of vscode.workspace.textDocuments) this.#startFor(document);
  }

  #startFor(document: vscode.TextDocument): void {
    if (vscode.languages.match(documentSelector, document) > 0) this.#started ??= this.#client.start();
  }

  async #restart(): Promise<void> {
    if (this.#started === undefined) this.#started = this.#client.start();
    else await this.#client.restart();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
    // Resolves when the server's process has ended; the editor doesn't wait for it when it shuts down.
    void this.#client.dispose();
  }
}
