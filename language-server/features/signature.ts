// Signature help: how the instruction at the position is written, with the part that is being written marked.
import type { ParameterInformation, Position, SignatureHelp, SignatureInformation } from 'vscode-languageserver';
import { logicalOffset } from '../../runtime/dockerfile/ast.ts';
import { instructionDocs } from '../docs/instructions.ts';
import type { OpenDocument } from '../open_document.ts';

/** The parameters of a signature: flags in brackets, names in angle brackets, with their offsets in the label. */
function parametersOf(label: string): { parameters: ParameterInformation[]; flags: number } {
  const parameters: ParameterInformation[] = [];
  let flags = 0;
  for (const match of label.matchAll(/\[--[^\]]*\]|"?<[a-z-]+>"?(?:\[?[:=/@]<[a-z]+>\]?)*…?|AS\b/g)) {
    if (match[0].startsWith('[--')) flags += 1;
    parameters.push({ label: [match.index, match.index + match[0].length] });
  }
  return { parameters, flags };
}

export function signatureHelp(open: OpenDocument, position: Position): SignatureHelp | null {
  const found = open.at(open.offset(position));
  if (found === undefined || found.instruction.keyword === 'UNKNOWN') return null;
  const { instruction, relative } = found;
  if (relative <= instruction.keywordSpan.end || instruction.heredocs.some(({ body }) => relative >= body.start))
    return null;
  const { logical } = instruction;
  const keywordEnd = logicalOffset(logical, instruction.keywordSpan.end);
  const before = logical.text.slice(keywordEnd, logicalOffset(logical, relative));
  const words = before.trimStart().split(/\s+/);
  const current = words.at(-1) ?? '';
  const flag = current.startsWith('--') && words.every((word) => word.startsWith('--'));
  const plain = words.slice(0, -1).filter((word) => !word.startsWith('--')).length;
  const signatures = instructionDocs[instruction.keyword].signatures.map((label): SignatureInformation => {
    const { parameters, flags } = parametersOf(label);
    const named = parameters.findIndex(({ label: at }) => flag && matchesFlag(label.slice(Number(at[0])), current));
    const last = parameters.length - 1;
    const active = flag ? Math.max(named, 0) : Math.min(flags + plain, last);
    return {
      label,
      parameters,
      documentation: instructionDocs[instruction.keyword].summary,
      activeParameter: Math.max(0, active),
    };
  });
  const json = /^\s*(?:--\S+\s+)*\[/.test(before);
  const activeSignature = Math.max(0, json ? signatures.findIndex(({ label }) => label.includes('["')) : 0);
  const activeParameter = signatures[activeSignature]?.activeParameter ?? 0;
  return { signatures, activeSignature, activeParameter };
}

/** Whether a signature's rest begins with the flag that is being written. */
function matchesFlag(rest: string, written: string): boolean {
  return rest.startsWith(`[${written.split('=')[0]}`);
}
