// All rules in the order in which they speak: where two know the same, the first gives the finding its code.
import { exposeChecks } from './buildkit/expose.ts';
import { fileChecks } from './buildkit/files.ts';
import { instructionChecks } from './buildkit/instructions.ts';
import { stageChecks } from './buildkit/stages.ts';
import { variableChecks } from './buildkit/variables.ts';
import { aptRules } from './hadolint/apt.ts';
import { copyRules } from './hadolint/copy.ts';
import { fromRules } from './hadolint/from.ts';
import { otherRules } from './hadolint/instructions.ts';
import { labelRules } from './hadolint/labels.ts';
import { languageRules } from './hadolint/languages.ts';
import { rpmRules } from './hadolint/rpm.ts';
import { shellRules } from './hadolint/shell.ts';
import { spokenRules } from './hadolint/spoken.ts';
import { contextRules } from './own/context.ts';
import { imageRules } from './own/images.ts';
import { layerRules } from './own/layers.ts';
import { runtimeRules } from './own/runtime.ts';
import type { Rule } from './rule.ts';
import { shellcheckRules } from './shellcheck/rules.ts';

export const rules: readonly Rule[] = [
  ...stageChecks,
  ...instructionChecks,
  ...exposeChecks,
  ...variableChecks,
  ...fileChecks,
  ...otherRules,
  ...fromRules,
  ...aptRules,
  ...languageRules,
  ...rpmRules,
  ...copyRules,
  ...labelRules,
  ...shellRules,
  ...spokenRules,
  ...shellcheckRules,
  ...contextRules,
  ...layerRules,
  ...imageRules,
  ...runtimeRules,
];

const byCode = new Map(rules.map((rule) => [rule.code, rule]));

/** The rule with that code. */
export function findRule(code: string): Rule | undefined {
  return byCode.get(code);
}
