import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instruction, InstructionOf, Span } from './ast.ts';
import { logicalOffset, sourceOffset } from './ast.ts';
import { parseDockerfile } from './document.ts';
import { booleanFlag, flagValue } from './flags.ts';
import { heredocContent } from './heredoc.ts';
import { mountField, mountsOf } from './mount.ts';

/** The only instruction of a text, narrowed to a keyword. */
function parse<K extends Instruction['keyword']>(text: string, keyword: K): InstructionOf<K> {
  const [instruction, ...rest] = parseDockerfile(text).instructions;
  assert.equal(rest.length, 0, 'one instruction');
  assert.equal(instruction?.keyword, keyword);
  return instruction as InstructionOf<K>;
}

function cut(instruction: Instruction, span: Span | undefined): string | undefined {
  return span === undefined ? undefined : instruction.source.slice(span.start, span.end);
}

function problems(text: string): string[] {
  return parseDockerfile(text).instructions.flatMap((instruction) =>
    instruction.problems.map(({ message }) => message),
  );
}

describe('words and spans', () => {
  test('FROM', () => {
    const from = parse('  from --platform=$BUILDPLATFORM alpine:3 AS build', 'FROM');
    assert.equal(from.start, 2);
    assert.equal(from.keywordText, 'from');
    assert.equal(from.image?.raw, 'alpine:3');
    assert.equal(cut(from, from.as?.span), 'AS');
    assert.equal(cut(from, from.name?.span), 'build');
    assert.equal(flagValue(from, 'platform'), '$BUILDPLATFORM');
  });

  test('continuations, comments and blank lines between them are taken out and mapped back', () => {
    const run = parse('RUN a \\\n  # note\n\n  b \\  \n#c\n  && c', 'RUN');
    assert.equal(run.command?.form, 'shell');
    assert.equal(run.command?.form === 'shell' && run.command.text, 'a   b   && c');
    assert.deepEqual(
      run.comments.map((span) => cut(run, span)),
      ['# note', '#c'],
    );
    assert.equal(run.emptyContinuations.length, 1);
    const offset = run.logical.text.indexOf('&&');
    assert.equal(run.source.slice(sourceOffset(run.logical, offset)), '&& c');
    assert.equal(logicalOffset(run.logical, run.source.indexOf('&&')), offset);
  });

  test('a doubled escape at the end is no continuation', () => {
    assert.equal(parseDockerfile('RUN a \\\\\nRUN b').instructions.length, 2);
  });

  test('a word over two lines has one span', () => {
    const copy = parse('COPY ab\\\nc d', 'COPY');
    assert.equal(copy.sources[0]?.raw, 'abc');
    assert.equal(cut(copy, copy.sources[0]?.span), 'ab\\\nc');
  });

  test('ENV: pairs with quotes and escapes, and the old form', () => {
    const env = parse('ENV a="b c" d=e\\ f g=', 'ENV');
    assert.deepEqual(
      env.pairs.map(({ key, value }) => [key.raw, value?.raw]),
      [
        ['a', '"b c"'],
        ['d', 'e\\ f'],
        ['g', ''],
      ],
    );
    const legacy = parse('ENV a  b c = d', 'ENV');
    assert.equal(legacy.legacy, true);
    assert.deepEqual([legacy.pairs[0]?.key.raw, legacy.pairs[0]?.value?.raw], ['a', 'b c = d']);
  });

  test('ARG with and without values', () => {
    const arg = parse('ARG a b=c d="e f"', 'ARG');
    assert.deepEqual(
      arg.pairs.map(({ value }) => value?.raw),
      [undefined, 'c', '"e f"'],
    );
  });

  test('exec form with the places of its strings', () => {
    const cmd = parse('CMD [ "a", \\\n "b\\"c" ]', 'CMD');
    assert.ok(cmd.command?.form === 'exec');
    assert.deepEqual(
      cmd.command.arguments.map(({ value }) => value),
      ['a', 'b"c'],
    );
    assert.equal(cut(cmd, cmd.command.arguments[1]?.span), '"b\\"c"');
  });

  test('what is no JSON array is shell form', () => {
    for (const text of ["CMD ['a']", 'CMD ["a"', 'CMD ["a"] b', 'CMD [ -f x ]']) {
      assert.equal(parse(text, 'CMD').command?.form, 'shell', text);
    }
  });

  test('COPY in JSON form keeps spaces in names', () => {
    const copy = parse('COPY --link --chown=a:b ["x y", "/z"]', 'COPY');
    assert.equal(copy.sources[0]?.raw, 'x y');
    assert.equal(copy.destination?.raw, '/z');
    assert.equal(booleanFlag(copy, 'link'), true);
    assert.equal(flagValue(copy, 'chown'), 'a:b');
  });

  test('HEALTHCHECK', () => {
    const check = parse('HEALTHCHECK --interval=5s CMD curl x', 'HEALTHCHECK');
    assert.equal(check.type?.raw, 'CMD');
    assert.equal(check.command?.form === 'shell' && check.command.text, 'curl x');
  });

  test('ONBUILD holds an instruction whose spans are in the outer one', () => {
    const outer = parse('ONBUILD  COPY --from=x a b', 'ONBUILD');
    const inner = outer.instruction;
    assert.ok(inner?.keyword === 'COPY');
    assert.equal(cut(outer, inner.destination?.span), 'b');
    assert.equal(flagValue(inner, 'from'), 'x');
  });
});

describe('heredocs', () => {
  test('several in one instruction, chomped and quoted', () => {
    const copy = parse('COPY <<A <<-"B C" 3<<D /x/\n1\nA\n\t2\n\tB C\n3\nD\n', 'COPY');
    // The words of COPY do not know quotes, the markers do.
    assert.deepEqual(
      copy.heredocs.map(({ name }) => name),
      ['A', 'B C', 'D'],
    );
    const [a, b, d] = copy.heredocs;
    assert.ok(a && b && d);
    assert.deepEqual([a.expand, a.chomp, b.expand, b.chomp, d.fileDescriptor], [true, false, false, true, 3]);
    assert.deepEqual(
      [a, b, d].map((heredoc) => heredocContent(copy.source, heredoc)),
      ['1\n', '2\n', '3\n'],
    );
    assert.equal(cut(copy, b.terminator), 'B C');
    assert.equal(cut(copy, b.nameSpan), 'B C');
  });

  test('an instruction directly behind a heredoc', () => {
    const document = parseDockerfile('RUN <<EOF\nx\nEOF\nRUN y');
    assert.deepEqual(
      document.instructions.map(({ startLine }) => startLine),
      [0, 3],
    );
  });

  test('not in CMD, not in exec form, not behind an open quote, not a here-string', () => {
    for (const text of ['CMD cat <<EOF', 'RUN ["a", "<<EOF"]', "RUN echo ' <<EOF", 'RUN cat <<<EOF', 'RUN a<<EOF']) {
      assert.equal(parseDockerfile(text).instructions[0]?.heredocs.length, 0, text);
    }
  });

  test('in ONBUILD, over CRLF, and with a continuation before the body', () => {
    const document = parseDockerfile('ONBUILD RUN <<EOF \\\r\n cat\r\nx\r\nEOF\r\nRUN z');
    assert.equal(document.instructions.length, 2);
    const [outer] = document.instructions;
    assert.equal(outer && cut(outer, outer.heredocs[0]?.body), 'x\r\n');
  });

  test('an open one reaches to the end and is a problem', () => {
    const run = parse('RUN <<EOF\na\nb', 'RUN');
    assert.deepEqual(
      run.problems.map(({ message }) => message),
      ['unterminated heredoc'],
    );
    assert.equal(cut(run, run.heredocs[0]?.body), 'a\nb');
  });
});

describe('mounts', () => {
  test('fields, aliases and quotes', () => {
    const run = parse('RUN --mount=type=cache,dst="/a,b",sharing=locked,ro --mount=target=/x,from=s ls', 'RUN');
    const [cache, bind] = mountsOf(run);
    assert.ok(cache && bind);
    assert.equal(cache.type, 'cache');
    assert.equal(mountField(cache, 'target')?.value, '/a,b');
    assert.equal(mountField(cache, 'readonly')?.key, 'ro');
    assert.equal(bind.type, 'bind');
    assert.equal(cut(run, mountField(bind, 'from')?.valueSpan), 's');
  });
});

describe('what BuildKit refuses, in its words', () => {
  const cases: [string, ...string[]][] = [
    ['FORM a', 'unknown instruction: FORM (did you mean FROM?)'],
    ['frobnicate a', 'unknown instruction: frobnicate'],
    ['FROM', 'FROM requires either one or three arguments'],
    ['FROM a b', 'FROM requires either one or three arguments'],
    ['FROM a AS b c', 'FROM requires either one or three arguments'],
    ['FROM a AS 1', `invalid name for build stage: "1", name can't start with a number or contain symbols`],
    ['COPY --form=a b c', 'unknown flag: --form (did you mean from?)'],
    ['COPY --link --link a b', 'duplicate flag specified: --link'],
    ['COPY --from a b', 'missing a value on flag: --from'],
    ['COPY --link=x a b', 'expecting boolean value for flag --link, not: x'],
    ['COPY a', 'COPY requires at least two arguments, but only one was provided. Destination could not be determined.'],
    ['COPY a <<b\nb', 'COPY cannot accept a heredoc as a destination'],
    ['ENV a', 'ENV must have two arguments'],
    ['ENV', 'ENV requires at least one argument'],
    ['ENV a=b c', `Syntax error - can't find = in "c". Must be of the form: name=value`],
    ['LABEL =x', 'LABEL names can not be blank'],
    ['SHELL sh', 'SHELL requires the arguments to be in JSON form'],
    ['CMD ["a", 1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
    ['HEALTHCHECK NONE x', 'HEALTHCHECK NONE takes no arguments'],
    ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
    ['HEALTHCHECK x', 'Unknown type "X" in HEALTHCHECK (try CMD)'],
    ['HEALTHCHECK --interval=5 CMD x', 'time: missing unit in duration "5"'],
    ['HEALTHCHECK --interval=1us CMD x', 'Interval "interval" cannot be less than 1ms'],
    ['HEALTHCHECK --retries=-1 CMD x', '--retries cannot be negative (-1)'],
    ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['ONBUILD', 'ONBUILD requires at least one argument'],
    ['USER', 'USER requires exactly one argument'],
    ['VOLUME [" "]', 'VOLUME specified can not be an empty string'],
    ['RUN --mount=type=chache x', 'unsupported mount type "chache" (did you mean cache?)'],
    ['RUN --mount=targte=x x', `unexpected key 'targte' in 'targte=x' (did you mean target?)`],
    ['RUN --mount=target x', `invalid field 'target' must be a key=value pair`],
    ['RUN --mount=from=$a x', `'from' doesn't support variable expansion, define alias stage instead`],
    ['RUN --mount=type=secret x', 'invalid secret mount. one of source, target required'],
    ['RUN --mount=type=tmpfs,uid=1 x', 'uid not allowed for "tmpfs" type mounts'],
    ['RUN --mount=type=cache,sharing=all x', 'unsupported sharing value "all"'],
  ];
  for (const [text, ...messages] of cases) test(text, () => assert.deepEqual(problems(text), messages));

  test('right instructions have no problems', () => {
    const text = `RUN --mount=type=cache,target=/a,sharing=shared,mode=0755 --mount=type=secret,id=x,env=X --network=none a
HEALTHCHECK --interval=1m30s --retries=3 CMD a
ADD --keep-git-dir=true --checksum=sha256:0 --unpack=false --exclude=a --exclude=b https://x /y
COPY --parents --exclude=*.md ./a/b /c
SHELL ["sh", "-c"]
STOPSIGNAL SIGTERM
EXPOSE 80/tcp $PORT
`;
    assert.deepEqual(problems(text), []);
  });
});
