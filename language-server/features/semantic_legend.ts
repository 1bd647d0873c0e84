// The types and modifiers of semantic tokens, apart from the provider so that the server can name them without loading it.
import type { SemanticTokensLegend } from 'vscode-languageserver';

const tokenTypes = [
  ...['keyword', 'class', 'namespace', 'parameter', 'variable', 'property', 'string', 'number', 'comment', 'operator'],
  ...['function', 'macro', 'label'],
] as const;
export type TokenType = (typeof tokenTypes)[number];
const tokenModifiers = ['declaration', 'readonly', 'deprecated'] as const;
export const typeNumbers = new Map<string, number>(tokenTypes.map((type, i) => [type, i]));
export const declaration = 1;
export const deprecated = 4;

export const legend: SemanticTokensLegend = { tokenTypes: [...tokenTypes], tokenModifiers: [...tokenModifiers] };
