// What the server can do, as it tells the client.
import { CodeActionKind, type ServerCapabilities } from 'vscode-languageserver';
import { legend } from './features/semantic_legend.ts';

export const capabilities: ServerCapabilities = {
  completionProvider: {
    triggerCharacters: [' ', '-', '=', ',', '$', '{', '/', ':', '#', '<', '!'],
    resolveProvider: true,
  },
  hoverProvider: true,
  signatureHelpProvider: { triggerCharacters: [' ', '-', '['], retriggerCharacters: ['=', ','] },
  definitionProvider: true,
  typeDefinitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  linkedEditingRangeProvider: true,
  documentSymbolProvider: true,
  workspaceSymbolProvider: true,
  workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
  foldingRangeProvider: true,
  selectionRangeProvider: true,
  documentLinkProvider: {},
  codeLensProvider: {},
  inlayHintProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, `${CodeActionKind.SourceFixAll}.slipway`] },
  documentFormattingProvider: true,
  documentRangeFormattingProvider: true,
  documentOnTypeFormattingProvider: { firstTriggerCharacter: '\n' },
  semanticTokensProvider: { legend, full: { delta: true }, range: true },
};
