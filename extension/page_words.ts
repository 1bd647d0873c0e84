/// <reference lib="dom" />
// Words in the editor's language, inside a webview: the extension puts its translations into the page, which has no other way
// to them.
import { config, t } from '@vscode/l10n';

const bundle = document.getElementById('translations')?.textContent ?? '';
if (bundle !== '') config({ contents: JSON.parse(bundle) });

export { t };
