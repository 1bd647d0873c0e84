// Answers requests with the features. A feature is loaded when it is first asked for, so that the server starts fast.

import type { CancellationToken, Connection, InlayHint, Range } from 'vscode-languageserver';
import { append } from '../runtime/dockerfile/append.ts';
import type { BuildPlans } from './build_plans.ts';
import type { CompletionSupport } from './features/completion_list.ts';
import type { SemanticTokenProvider } from './features/semantic_tokens.ts';
import type { LintService } from './linting.ts';
import type { OpenDocument } from './open_document.ts';
import { commands } from './protocol.ts';
import type { Services } from './services.ts';
import type { Encoding } from './text_view.ts';
import type { WorkspaceFiles } from './workspace_files.ts';

/** What the client said that it can do. */
export interface Client {
  encoding: Encoding;
  support: CompletionSupport;
  configuration: boolean;
  watchesFiles: boolean;
  refreshes: { hints: boolean; lenses: boolean };
  commands: readonly string[];
}

/** What answering needs of the server. */
export interface Host extends Services {
  readonly documents: ReadonlyMap<string, OpenDocument>;
  readonly client: Client;
  /** Paths of the workspace folders, the longest first. */
  readonly roots: readonly string[];
  linter(): Promise<LintService>;
  tokens(): Promise<SemanticTokenProvider>;
  plans(): Promise<BuildPlans>;
}

export function answerRequests(connection: Connection, host: Host): void {
  new Answers(connection, host).register();
}

class Answers {
  readonly #connection: Connection;
  readonly #host: Host;
  #files: WorkspaceFiles | undefined;

  constructor(connection: Connection, host: Host) {
    this.#connection = connection;
    this.#host = host;
  }

  register(): void {
    this.#answerEditing();
    this.#answerNavigation();
    this.#answerDecoration();
  }

  /** Runs `answer` for an open Dockerfile; anything else gets `otherwise`. */
  #dockerfile<T>(
    params: { textDocument: { uri: string } },
    otherwise: T,
    answer: (open: OpenDocument) => T | Promise<T>,
  ) {
    const open = this.#host.documents.get(params.textDocument.uri);
    return open === undefined || open.kind !== 'dockerfile' ? otherwise : answer(open);
  }

  #answerEditing(): void {
    const connection = this.#connection;
    connection.onCompletion(async (params) => {
      const open = this.#host.documents.get(params.textDocument.uri);
      if (open === undefined) return null;
      if (open.kind === 'dockerignore') {
        const { ignoreCompletion } = await import('./features/ignore_file.ts');
        return ignoreCompletion(open, params.position, this.#host.client.support);
      }
      const { completion } = await import('./features/completion.ts');
      return completion(open, params.position, this.#host, this.#host.client.support);
    });
    connection.onCompletionResolve(async (item) => (await import('./features/completion.ts')).resolveCompletion(item));
    connection.onSignatureHelp((params) =>
      this.#dockerfile(params, null, async (open) =>
        (await import('./features/signature.ts')).signatureHelp(open, params.position),
      ),
    );
    connection.onCodeAction(async (params) => {
      const open = this.#host.documents.get(params.textDocument.uri);
      if (open === undefined) return null;
      const { codeActions } = await import('./features/code_actions.ts');
      const problems = (await this.#host.linter()).problems(open);
      return codeActions(open, params.range, params.context, problems);
    });
    connection.onDocumentFormatting((params) =>
      this.#dockerfile(params, null, async (open) => {
        const { formatDocument, styleOf } = await import('./features/formatting.ts');
        return formatDocument(open, styleOf(this.#host.settings.format, params.options));
      }),
    );
    connection.onDocumentRangeFormatting((params) =>
      this.#dockerfile(params, null, async (open) => {
        const { formatRange, styleOf } = await import('./features/formatting.ts');
        return formatRange(open, params.range, styleOf(this.#host.settings.format, params.options));
      }),
    );
    connection.onDocumentOnTypeFormatting((params) =>
      this.#dockerfile(params, null, async (open) => {
        const { formatOnType, styleOf } = await import('./features/formatting.ts');
        return formatOnType(open, params.position, params.ch, styleOf(this.#host.settings.format, params.options));
      }),
    );
  }

  #answerNavigation(): void {
    const connection = this.#connection;
    const navigation = () => import('./features/navigation.ts');
    connection.onHover(async (params, token) => {
      const open = this.#host.documents.get(params.textDocument.uri);
      if (open === undefined) return null;
      if (open.kind === 'dockerignore') {
        const { ignoreHover } = await import('./features/ignore_file.ts');
        return ignoreHover(open, params.position, signalOf(token));
      }
      const { hover } = await import('./features/hover.ts');
      return hover(open, params.position, this.#host);
    });
    connection.onDefinition((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).definition(open, params.position)),
    );
    connection.onTypeDefinition((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).typeDefinition(open, params.position)),
    );
    connection.onReferences((params) =>
      this.#dockerfile(params, null, async (open) =>
        (await navigation()).references(open, params.position, params.context.includeDeclaration),
      ),
    );
    connection.onDocumentHighlight((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).highlights(open, params.position)),
    );
    connection.onPrepareRename((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).prepareRename(open, params.position)),
    );
    connection.onRenameRequest((params) =>
      this.#dockerfile(params, null, async (open) => {
        const edits = (await navigation()).rename(open, params.position, params.newName);
        return { changes: { [open.uri]: edits } };
      }),
    );
    connection.languages.onLinkedEditingRange((params) =>
      this.#dockerfile(params, null, async (open) => (await navigation()).linkedEditing(open, params.position)),
    );
  }

  #answerDecoration(): void {
    const connection = this.#connection;
    const structure = () => import('./features/structure.ts');
    connection.onDocumentSymbol((params) =>
      this.#dockerfile(params, null, async (open) => (await structure()).documentSymbols(open)),
    );
    connection.onWorkspaceSymbol(async ({ query }, token) => {
      const { documents, roots, client } = this.#host;
      this.#files ??= new (await import('./workspace_files.ts')).WorkspaceFiles();
      const closed = await this.#files.find(roots, documents, client.encoding, signalOf(token));
      return (await structure()).workspaceSymbols([...documents.values(), ...closed], query);
    });
    connection.onFoldingRanges((params) =>
      this.#dockerfile(params, null, async (open) => (await structure()).foldingRanges(open)),
    );
    connection.onSelectionRanges((params) =>
      this.#dockerfile(params, null, async (open) => (await structure()).selectionRanges(open, params.positions)),
    );
    connection.onDocumentLinks((params) =>
      this.#dockerfile(params, null, async (open) =>
        (await import('./features/links.ts')).documentLinks(open, this.#host),
      ),
    );
    connection.onCodeLens(async (params, token) => {
      const open = this.#host.documents.get(params.textDocument.uri);
      if (open === undefined || !this.#host.settings.codeLens) return null;
      if (open.kind === 'dockerignore') {
        return (await import('./features/ignore_file.ts')).ignoreLenses(open, signalOf(token));
      }
      const known = [commands.buildStage, commands.runStage].every((name) => this.#host.client.commands.includes(name));
      return known ? (await import('./features/lenses.ts')).codeLenses(open) : null;
    });
    connection.languages.inlayHint.on((params) =>
      this.#dockerfile(params, null, async (open) => this.#hints(open, params.range)),
    );
    this.#answerTokens();
  }

  async #hints(open: OpenDocument, range: Range): Promise<InlayHint[]> {
    const { imageHints, planHints, variableHints } = await import('./features/lenses.ts');
    const { inlayHints } = this.#host.settings;
    const hints = inlayHints.variables ? variableHints(open, range) : [];
    if (!inlayHints.build) return hints;
    append(hints, await imageHints(open, range, this.#host.engine));
    append(hints, planHints(open, range, (await this.#host.plans()).steps(open)));
    return hints;
  }

  #answerTokens(): void {
    const { semanticTokens } = this.#connection.languages;
    semanticTokens.on(async ({ textDocument }) => {
      const open = this.#host.documents.get(textDocument.uri);
      if (open === undefined) return { data: [] };
      if (open.kind === 'dockerignore') return (await import('./features/ignore_file.ts')).ignoreTokens(open);
      return (await this.#host.tokens()).full(open);
    });
    semanticTokens.onDelta(async ({ textDocument, previousResultId }) => {
      const open = this.#host.documents.get(textDocument.uri);
      if (open === undefined || open.kind !== 'dockerfile') return { data: [] };
      return (await this.#host.tokens()).delta(open, previousResultId);
    });
    semanticTokens.onRange(async ({ textDocument, range }) => {
      const open = this.#host.documents.get(textDocument.uri);
      if (open === undefined || open.kind !== 'dockerfile') return { data: [] };
      return (await this.#host.tokens()).range(open, range);
    });
  }
}

/** The protocol's cancellation as an AbortSignal. */
function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  else token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
