// Documentation in Markdown, for hover and for resolved completion items.
import type { Keyword } from '../../runtime/dockerfile/ast.ts';
import { keywords } from '../../runtime/dockerfile/ast.ts';
import { instructionFlags } from '../../runtime/dockerfile/flags.ts';
import { mountTypes } from '../../runtime/dockerfile/mount.ts';
import { directiveDocs, flagDocs, mountOptionDoc, mountTypeDocs, type ValueDoc } from '../docs/flags.ts';
import { instructionDocs, referenceUrl } from '../docs/instructions.ts';
import { predefinedArgumentDoc } from '../docs/values.ts';
import { rules } from '../lint/registry.ts';
import type { DocumentationKey } from './completion_list.ts';

/** What a completion item's data stands for. */
export function documentationOf(key: DocumentationKey): string | undefined {
  switch (key.of) {
    case 'instruction':
      return instructionMarkdown(key.keyword);
    case 'flag':
      return flagMarkdown(key.keyword, key.flag);
    case 'mount':
      return mountMarkdown(key.type, key.option);
    case 'directive':
      return directiveMarkdown(key.name);
    case 'argument':
      return predefinedArgumentDoc(key.name);
    case 'rule':
      return ruleMarkdown(key.code);
  }
}

function keywordOf(name: string): Keyword | undefined {
  return keywords.find((keyword) => keyword === name);
}

export function instructionMarkdown(name: string): string | undefined {
  const keyword = keywordOf(name);
  if (keyword === undefined) return undefined;
  const { summary, details, signatures } = instructionDocs[keyword];
  const flags = Object.keys(instructionFlags[keyword] ?? {});
  const list = flags.length === 0 ? '' : `\n\nFlags: ${flags.map((flag) => `\`--${flag}\``).join(', ')}`;
  const code = `\`\`\`dockerfile\n${signatures.join('\n')}\n\`\`\``;
  return `${code}\n\n${summary} ${details}${list}\n\n[Reference](${referenceUrl(keyword)})`;
}

export function flagMarkdown(name: string, flag: string): string | undefined {
  const keyword = keywordOf(name);
  const doc = keyword && flagDocs[keyword]?.[flag];
  return doc === undefined ? undefined : `**${keyword} --${flag}**\n\n${valueMarkdown(doc)}`;
}

export function mountMarkdown(written: string, option: string): string | undefined {
  const type = mountTypes.find((known) => known === written);
  if (option === 'type') {
    return type === undefined ? undefined : `**--mount=type=${type}**\n\n${mountTypeDocs[type]}`;
  }
  const doc = mountOptionDoc(type, option);
  return doc === undefined ? undefined : `**${option}** of a \`${type ?? 'bind'}\` mount\n\n${valueMarkdown(doc)}`;
}

export function directiveMarkdown(name: string): string | undefined {
  if (name !== 'syntax' && name !== 'escape' && name !== 'check') return undefined;
  return `**# ${name}=**\n\n${valueMarkdown(directiveDocs[name])}`;
}

function valueMarkdown({ text, values }: ValueDoc): string {
  if (values === undefined) return text;
  const list = Object.entries(values).map(([value, about]) => `- \`${value}\`${about === '' ? '' : `: ${about}`}`);
  return `${text}\n\n${list.join('\n')}`;
}

export function ruleMarkdown(code: string): string | undefined {
  const rule = rules.find((known) => known.code === code);
  return rule === undefined ? undefined : `**${rule.code}** ${rule.title}\n\n${rule.why}`;
}
