// What BuildKit refuses in an instruction's arguments, in its own words (frontend/dockerfile/instructions/parse.go).
import { append } from './append.ts';
import type {
  CommandInstruction,
  FromInstruction,
  HealthcheckInstruction,
  Instruction,
  OnbuildInstruction,
  Pair,
  Span,
  SyntaxProblem,
  TransferInstruction,
} from './ast.ts';
import { keywords } from './ast.ts';
import { parseDuration } from './duration.ts';
import { flagProblems } from './flags.ts';
import { isHeredocMarker } from './heredoc.ts';
import { mountProblems } from './mount.ts';
import { suggestion } from './suggestion.ts';

/** All findings about the instruction's own text; what depends on other instructions is not looked at. */
export function argumentProblems(instruction: Instruction): SyntaxProblem[] {
  if (instruction.keyword === 'UNKNOWN') return [unknownInstruction(instruction.keywordText, instruction.keywordSpan)];
  const problems = flagProblems(instruction.keyword, instruction.flags);
  const say = (message: string, span: Span = whole(instruction)): void => {
    problems.push({ message, span });
  };
  switch (instruction.keyword) {
    case 'FROM':
      checkFrom(instruction, say);
      break;
    case 'ARG':
      if (instruction.pairs.length === 0) say('ARG requires at least one argument');
      checkNames(instruction.keyword, instruction.pairs, say);
      break;
    case 'ENV':
    case 'LABEL':
      if (instruction.pairs.length === 0) say(`${instruction.keyword} requires at least one argument`);
      checkNames(instruction.keyword, instruction.pairs, say);
      break;
    case 'COPY':
    case 'ADD':
      checkTransfer(instruction, say);
      break;
    case 'RUN':
      append(problems, mountProblems(instruction));
      break;
    case 'SHELL':
      checkShell(instruction, say);
      break;
    case 'EXPOSE':
    case 'VOLUME':
      if (instruction.words.length === 0) say(`${instruction.keyword} requires at least one argument`);
      for (const word of instruction.words) {
        if (word.raw.trim() === '') say('VOLUME specified can not be an empty string', word.span);
      }
      break;
    case 'USER':
    case 'WORKDIR':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      if (instruction.value === undefined) say(`${instruction.keyword} requires exactly one argument`);
      break;
    case 'HEALTHCHECK':
      checkHealthcheck(instruction, say);
      break;
    case 'ONBUILD':
      checkOnbuild(instruction, say);
      break;
    case 'CMD':
    case 'ENTRYPOINT':
      break;
  }
  return problems;
}

type Say = (message: string, span?: Span) => void;

/** Keyword and arguments together. */
function whole({ keywordSpan, argumentsSpan }: Instruction): Span {
  return { start: keywordSpan.start, end: Math.max(keywordSpan.end, argumentsSpan.end) };
}

function unknownInstruction(written: string, span: Span): SyntaxProblem {
  const upper = written === written.toUpperCase();
  const options = keywords.map((keyword) => (upper ? keyword : keyword.toLowerCase()));
  const hint = suggestion(upper ? written : written.toLowerCase(), options);
  return { message: `unknown instruction: ${written}${hint}`, span };
}

function checkFrom({ image, as, name }: FromInstruction, say: Say): void {
  if (image === undefined || (as !== undefined && (name === undefined || as.raw.toLowerCase() !== 'as'))) {
    say('FROM requires either one or three arguments');
  } else if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(name.raw.toLowerCase())) {
    const written = JSON.stringify(name.raw);
    say(`invalid name for build stage: ${written}, name can't start with a number or contain symbols`, name.span);
  }
}

function checkNames(keyword: string, pairs: readonly Pair[], say: Say): void {
  for (const pair of pairs) {
    if (pair.key.raw === '') say(`${keyword} names can not be blank`, pair.span);
  }
}

function checkTransfer(instruction: TransferInstruction, say: Say): void {
  const { keyword, destination } = instruction;
  if (destination === undefined) {
    // A JSON array with other things than strings is the finding then.
    if (instruction.problems.length > 0) return;
    say(`${keyword} requires at least two arguments, but only one was provided. Destination could not be determined.`);
  } else if (!instruction.json && isHeredocMarker(destination.raw)) {
    say(`${keyword} cannot accept a heredoc as a destination`, destination.span);
  }
}

function checkShell(instruction: CommandInstruction, say: Say): void {
  const { command } = instruction;
  if (command === undefined) say('SHELL requires at least one argument');
  else if (command.form === 'shell') {
    say('SHELL requires the arguments to be in JSON form', command.span);
  } else if (command.arguments.length === 0 && instruction.problems.length === 0) {
    say('SHELL requires at least one argument', command.span);
  }
}

function checkHealthcheck(instruction: HealthcheckInstruction, say: Say): void {
  const { type, command } = instruction;
  if (type === undefined) {
    say('HEALTHCHECK requires at least one argument');
    return;
  }
  const name = type.raw.toUpperCase();
  if (name === 'NONE') {
    if (command !== undefined) say('HEALTHCHECK NONE takes no arguments', command.span);
  } else if (name !== 'CMD') {
    say(`Unknown type ${JSON.stringify(name)} in HEALTHCHECK (try CMD)`, type.span);
  } else if (command === undefined || (command.form === 'exec' && command.arguments.length === 0)) {
    say('Missing command after HEALTHCHECK CMD', type.span);
  }
  for (const { name: flag, value } of instruction.flags) {
    if (value === undefined || value.value === '') continue;
    if (flag === 'retries') checkRetries(value.value, value.span, say);
    else checkInterval(flag, value.value, value.span, say);
  }
}

function checkRetries(value: string, span: Span, say: Say): void {
  if (!/^[+-]?\d+$/.test(value)) say(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`, span);
  else if (Number(value) < 0) say(`--retries cannot be negative (${Number(value)})`, span);
}

function checkInterval(flag: string, value: string, span: Span, say: Say): void {
  const duration = parseDuration(value);
  const wrong = /^[+-]?(?:[\d.]+[a-zµμ]+)*[\d.]+$/.test(value) ? 'missing unit in' : 'invalid';
  if (duration === undefined) say(`time: ${wrong} duration ${JSON.stringify(value)}`, span);
  else if (duration !== 0 && duration < 1) say(`Interval "${flag}" cannot be less than 1ms`, span);
}

function checkOnbuild(instruction: OnbuildInstruction, say: Say): void {
  const inner = instruction.instruction;
  if (instruction.insideOnbuild) return;
  if (inner === undefined) say('ONBUILD requires at least one argument');
  else if (inner.keyword === 'ONBUILD') {
    say("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", inner.keywordSpan);
  } else if (inner.keyword === 'FROM' || inner.keyword === 'MAINTAINER') {
    say(`${inner.keyword} isn't allowed as an ONBUILD trigger`, inner.keywordSpan);
  }
}
