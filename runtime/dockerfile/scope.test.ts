import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DockerfileDocument, parseDockerfile } from './document.ts';
import { Scopes } from './scope.ts';
import { findStage, neededStages, stageReferences, stagesOf, targetStage } from './stages.ts';
import { variablesOf } from './variables.ts';

function scopesOf(document: DockerfileDocument): Scopes {
  return new Scopes(stagesOf(document));
}

/** The value of `name` at the last instruction. */
function valueAtEnd(text: string, name: string): string | undefined {
  const document = parseDockerfile(text);
  const scopes = scopesOf(document);
  const last = document.instructions.at(-1);
  const binding = last && scopes.lookup(name, last);
  return binding && scopes.value(binding);
}

describe('scopes', () => {
  const cases: [name: string, text: string, value: string | undefined][] = [
    ['a global ARG is not in a stage', 'ARG A=1\nFROM x\nRUN y', undefined],
    ['unless it is declared again', 'ARG A=1\nFROM x\nARG A\nRUN y', '1'],
    ['a stage may give another default', 'ARG A=1\nFROM x\nARG A=2\nRUN y', '2'],
    ['a global ARG is in FROM', 'ARG A=1\nFROM $A', '1'],
    ['ENV wins over a later ARG', 'FROM x\nENV A=1\nARG A=2\nRUN y', '1'],
    ['ENV uses what was before its line', 'FROM x\nENV A=1\nENV A=2 B=$A\nENV A=$B\nRUN y', '1'],
    ['a child stage inherits ENV and ARG', 'FROM x AS p\nARG B=2\nENV A=1$B\nFROM p\nRUN y', '12'],
    ['another stage does not', 'FROM x AS p\nENV A=1\nFROM x\nRUN y', undefined],
    ['not before it is set', 'FROM x\nRUN y', undefined],
    ['quotes go, escapes too', 'FROM x\nENV A="b \\"c\\"" \nRUN y', 'b "c"'],
    ['the old form of ENV', 'FROM x\nENV A b c\nRUN y', 'b c'],
    [
      'a value that doubles without end is not followed',
      `FROM x\nENV A=aa\n${'ENV A=$A$A\n'.repeat(40)}RUN y`,
      undefined,
    ],
    ['nor is a chain without end', `FROM x\nENV A=a\n${'ENV A=${A}\n'.repeat(5000)}RUN y`, undefined],
  ];
  for (const [name, text, value] of cases) test(name, () => assert.equal(valueAtEnd(text, 'A'), value));

  test('predefined variables', () => {
    const document = parseDockerfile('FROM --platform=$BUILDPLATFORM x\nARG TARGETARCH\nRUN y');
    const scopes = scopesOf(document);
    const [from, , run] = document.instructions;
    assert.ok(from && run);
    assert.equal(scopes.lookup('BUILDPLATFORM', from)?.kind, 'platform');
    assert.equal(scopes.lookup('BUILDPLATFORM', run), undefined);
    assert.equal(scopes.lookup('TARGETARCH', run)?.global?.kind, 'platform');
    assert.equal(scopes.lookup('HTTP_PROXY', run)?.kind, 'proxy');
    assert.equal(scopes.lookup('PATH', run)?.kind, 'default');
    assert.deepEqual([...scopes.visible(run).keys()], ['TARGETARCH']);
  });
});

describe('stages', () => {
  const text = `ARG BASE=build
FROM alpine AS Build
FROM build AS test
FROM $BASE
COPY --from=0 a b
COPY --from=TEST a b
RUN --mount=from=build,target=/x --mount=type=cache,target=/y z
COPY --from=nginx:1 a b
ONBUILD COPY --from=test a b
FROM scratch AS alone
`;

  test('bases and references', () => {
    const model = stagesOf(parseDockerfile(text));
    assert.deepEqual(
      model.stages.map(({ name, base }) => [name, base?.index]),
      [
        ['build', undefined],
        ['test', 0],
        [undefined, 0],
        ['alone', undefined],
      ],
    );
    const references = stageReferences(model).map(({ kind, name, stage }) => [kind, name, stage?.index]);
    assert.deepEqual(references.slice(2), [
      ['from', 'build', 0],
      ['copy', '0', 0],
      ['copy', 'TEST', 1],
      ['mount', 'build', 0],
      ['copy', 'nginx:1', undefined],
      ['copy', 'test', 1],
      ['from', 'scratch', undefined],
    ]);
  });

  test('what a target needs', () => {
    const model = stagesOf(parseDockerfile(text));
    const [, test, third] = model.stages;
    assert.ok(test && third);
    assert.deepEqual([...neededStages(model, third)].map(({ index }) => index).sort(), [0, 1, 2]);
    assert.deepEqual([...neededStages(model, test)].map(({ index }) => index).sort(), [0, 1]);
    assert.equal(targetStage(model, 'TEST'), test);
    assert.equal(targetStage(model, '2'), third);
    assert.equal(findStage(model, test, 'test'), undefined);
  });
});

describe('references to variables', () => {
  function found(text: string): [string, string | undefined, string][] {
    const instruction = parseDockerfile(text).instructions[0];
    assert.ok(instruction);
    return variablesOf(instruction).map(({ span, modifier, by }) => [
      instruction.source.slice(span.start, span.end),
      modifier,
      by,
    ]);
  }

  test('with every modifier, nested ones too', () => {
    assert.deepEqual(found('ENV a=${b:-${c}} d="$e" f=\'$g\' h=\\$i j=${k##*/} l=${m//x/y}'), [
      ['${b:-${c}}', ':-', 'builder'],
      ['${c}', undefined, 'builder'],
      ['$e', undefined, 'builder'],
      ['${k##*/}', '##', 'builder'],
      ['${m//x/y}', '//', 'builder'],
    ]);
  });

  test('by the shell in RUN, over continuations; by the builder in flags', () => {
    assert.deepEqual(found('RUN --mount=target=$t echo $A\\\nB "$b" \'$c\''), [
      ['$t', undefined, 'builder'],
      ['$A\\\nB', undefined, 'shell'],
      ['$b', undefined, 'shell'],
    ]);
  });

  test("in heredocs: of COPY by the builder, not when quoted; a script is the shell's", () => {
    assert.deepEqual(
      found('COPY <<a <<"b" /x\n$c \'$d\'\na\n$e\nb\n').map(([text]) => text),
      ['$c', '$d'],
    );
    assert.deepEqual(found('RUN <<"EOF"\necho $a\nEOF'), [['$a', undefined, 'shell']]);
    assert.deepEqual(found('RUN cat <<"EOF"\n$a\nEOF'), []);
  });

  test('what does not close runs to the end of its word', () => {
    assert.deepEqual(
      found('ENV a=${b c=$d').map(([text]) => text),
      ['${b', '$d'],
    );
  });
});
