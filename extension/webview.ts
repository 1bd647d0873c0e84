// A page of the extension's own: one script and one style sheet from the extension, nothing from anywhere else.
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export interface WebviewOptions {
  id: string;
  title: string;
  /** Relative to the extension's folder. */
  script: string;
  style: string;
}

export interface Webview<ToPage, FromPage> {
  panel: vscode.WebviewPanel;
  post(message: ToPage): void;
  onMessage(listener: (message: FromPage) => void): void;
}

/** Opens the page in an editor tab. Its messages are typed by whoever wrote both sides. */
export function openWebview<ToPage, FromPage>(
  context: vscode.ExtensionContext,
  options: WebviewOptions,
): Webview<ToPage, FromPage> {
  const panel = vscode.window.createWebviewPanel(options.id, options.title, vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [
      vscode.Uri.joinPath(context.extensionUri, 'dist'),
      vscode.Uri.joinPath(context.extensionUri, 'extension/media'),
    ],
    retainContextWhenHidden: true,
  });
  const { webview } = panel;
  const asset = (path: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(context.extensionUri, path)).toString();
  const nonce = randomBytes(16).toString('base64');
  webview.html = `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource};">
<link rel="stylesheet" href="${asset(options.style)}">
<title>${escapeHtml(options.title)}</title>
</head>
<body><script type="application/json" id="translations">${translations()}</script><script nonce="${nonce}" src="${asset(options.script)}" defer></script></body>
</html>`;
  return {
    panel,
    post: (message) => void webview.postMessage(message),
    onMessage: (listener) => void webview.onDidReceiveMessage(listener),
  };
}

/** For page_words.ts; nothing where the editor speaks English. No text in it can end the element that it stands in. */
function translations(): string {
  const { bundle } = vscode.l10n;
  return bundle === undefined ? '' : JSON.stringify(bundle).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
