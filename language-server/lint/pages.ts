// Makes RULES.md out of what the rules say about themselves.
import { pageOf } from './page_address.ts';
import type { Source } from './problem.ts';
import { rules } from './registry.ts';
import type { Rule } from './rule.ts';

const TOOLS: Readonly<Record<Source, string>> = {
  buildkit: 'BuildKit’s build checks',
  hadolint: 'Hadolint’s rules',
  shellcheck: 'ShellCheck’s codes',
  slipway: 'Slipway’s own rules',
};

/** The text of RULES.md. */
export function rulePages(): string {
  const parts = (Object.keys(TOOLS) as Source[]).map(toolPart);
  return `${HEAD}\n${parts.join('\n')}`;
}

const HEAD = `# Rules

What Slipway checks in a Dockerfile, in the editor and with \`slipway lint\`. This page is made from the rules themselves by
\`node language-server/lint/write_pages.ts\`.

- The severity of a rule can be set: \`"slipway.dockerfile.rules": { "DL3008": "off", "SL1201": "warning" }\`, or in
  \`.hadolint.yaml\` with \`ignored\` and \`override\`.
- A finding that two tools know is reported once, with both codes. Ignoring either ignores it.
- \`# check=skip=RULE\` at the top of the file, or right above an instruction, is for BuildKit’s checks;
  \`# hadolint ignore=CODE\` above an instruction, \`# hadolint stage ignore=CODE\` above FROM and \`# hadolint global ignore=CODE\`
  are for all codes, and so is \`# slipway ignore=CODE\`. \`# shellcheck disable=CODE\` works inside scripts.
`;

function toolPart(source: Source): string {
  const own = rules.filter((rule) => rule.source === source).sort((a, b) => (a.code < b.code ? -1 : 1));
  const table = own.map(
    (rule) => `| [${rule.code}](#${rule.code.toLowerCase()}) | ${rule.severity} | ${cell(rule.title)} |\n`,
  );
  return `## ${TOOLS[source]}\n\n| code | severity | what |\n| --- | --- | --- |\n${table.join('')}\n${own.map(rulePage).join('\n')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The page of one rule: what, why, how not, how. */
function rulePage(rule: Rule): string {
  const others = [...(rule.aliases ?? []), ...(rule.spokenForBy === undefined ? [] : [rule.spokenForBy])];
  const known =
    others.length === 0
      ? ''
      : ` Also known as ${others.map((code) => `[${code}](#${code.toLowerCase()})`).join(', ')}.`;
  const severity = rule.severity === 'off' ? 'Off unless a severity is set.' : `Severity: ${rule.severity}.`;
  const experimental = rule.experimental === true ? ' Experimental: only with `# check=experimental=…`.' : '';
  const link = rule.source === 'slipway' ? '' : `\n[The tool’s own page](${pageOf(rule)})\n`;
  return `### ${rule.code}

${rule.title}. ${severity}${experimental}${known}

${rule.why}

Reported:

${fence(rule.bad)}
Accepted:

${fence(rule.good)}${link}`;
}

function fence(text: string): string {
  const ticks = text.includes('```') ? '````' : '```';
  return `${ticks}dockerfile\n${text}${ticks}\n`;
}
