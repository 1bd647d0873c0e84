import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applied, marked, textOf } from './marked_document.ts';
import {
  definition,
  highlights,
  linkedEditing,
  prepareRename,
  references,
  rename,
  typeDefinition,
} from './navigation.ts';

/** Where the definition is, as line number and text of the name. */
function definedAt(text: string): [number, string] | undefined {
  const { open, position } = marked(text);
  const [link] = definition(open, position);
  return link && [link.targetSelectionRange.start.line, textOf(open, link.targetSelectionRange)];
}

function highlighted(text: string): [number, string][] {
  const { open, position } = marked(text);
  return highlights(open, position).map(({ range }) => [range.start.line, textOf(open, range)]);
}

function renamed(text: string, newName: string): string {
  const { open, position } = marked(text);
  return applied(open, rename(open, position, newName));
}

describe('definition', () => {
  const cases: [name: string, text: string, expected: [number, string] | undefined][] = [
    ['of a stage behind FROM', 'FROM a AS b\nFROM |b', [0, 'b']],
    ['of a stage behind COPY --from', 'FROM a AS b\nFROM c\nCOPY --from=b| x y', [0, 'b']],
    ['of a stage meant by its number', 'FROM a AS b\nFROM c\nCOPY --from=|0 x y', [0, 'b']],
    ['of a stage in a mount', 'FROM a AS b\nFROM c\nRUN --mount=type=bind,from=|b,target=/x ls', [0, 'b']],
    ['of a stage inside ONBUILD', 'FROM a AS b\nFROM c\nONBUILD COPY --from=|b x y', [0, 'b']],
    ['of a variable', 'FROM a\nARG V=1\nRUN echo $|V', [1, 'V']],
    ['of a variable in braces with a modifier', 'FROM a\nENV V=1\nRUN echo ${V|:-x}', [1, 'V']],
    ['of a variable inherited from the base stage', 'FROM a AS b\nENV V=1\nFROM b\nRUN echo $V|', [1, 'V']],
    ['of a global ARG in FROM', 'ARG V=1\nFROM a:$|V', [0, 'V']],
    ['of a repeated ARG, from its own name', 'ARG V=1\nFROM a\nARG |V', [0, 'V']],
    ['not of a variable of another stage', 'FROM a\nARG V=1\nFROM b\nRUN echo $|V', undefined],
    ['of a heredoc from its end', 'FROM a\nRUN <<EOF\nx\nEO|F', [1, '<<EOF']],
    ['over a continuation', 'FROM a\nARG V\nRUN x \\\n  # note\n  $|V', [1, 'V']],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(definedAt(text), expected));

  test('the type of a stage is what it stands on', () => {
    const own = marked('FROM a AS b\nFROM b AS |c');
    assert.equal(typeDefinition(own.open, own.position)[0]?.targetSelectionRange.start.line, 0);
    const use = marked('FROM a AS b\nFROM x\nCOPY --from=|b y z');
    assert.equal(typeDefinition(use.open, use.position)[0]?.targetSelectionRange.start.line, 0);
    const image = marked('FROM a:1 AS |b');
    const [link] = typeDefinition(image.open, image.position);
    assert.equal(link && textOf(image.open, link.targetSelectionRange), 'a:1');
  });
});

describe('highlight and references', () => {
  test('a stage: its name and its uses, in whatever case', () => {
    const found = highlighted('FROM a AS B\nFROM |b\nCOPY --from=0 x y\nCOPY --from=B x y\nRUN --mount=from=b x');
    assert.deepEqual(found, [
      [0, 'B'],
      [1, 'b'],
      [2, '0'],
      [3, 'B'],
      [4, 'b'],
    ]);
  });

  test('a global ARG with the ARGs that repeat it', () => {
    const found = highlighted('ARG V=1\nFROM a:$V\nARG |V\nRUN $V\nFROM b\nENV V=2\nRUN $V');
    assert.deepEqual(
      found.map(([line]) => line),
      [0, 1, 2, 3],
    );
  });

  test('ENV is another variable than ARG of the same name', () => {
    const found = highlighted('FROM a\nARG V\nENV V=$V\nRUN $|V');
    assert.deepEqual(
      found.map(([line]) => line),
      [2, 3],
    );
  });

  test('references without the declaration', () => {
    const { open, position } = marked('FROM a AS |b\nFROM b');
    assert.equal(references(open, position, false).length, 1);
    assert.equal(references(open, position, true).length, 2);
  });

  test('images', () => {
    assert.deepEqual(highlighted('FROM |a:1\nFROM a:1\nCOPY --from=a:1 x y\nFROM a:2').length, 3);
  });
});

describe('rename', () => {
  const cases: [name: string, text: string, newName: string, expected: string][] = [
    [
      'a stage, not its number',
      'FROM a AS b|\nFROM B\nCOPY --from=0 --chown=b x y',
      'c',
      'FROM a AS c\nFROM c\nCOPY --from=0 --chown=b x y',
    ],
    [
      'a variable',
      'ARG V=1\nFROM a:${V}\nARG V\nRUN echo ${|V:-$V} "$V" \'$V\'',
      'W',
      'ARG W=1\nFROM a:${W}\nARG W\nRUN echo ${W:-$W} "$W" \'$V\'',
    ],
    ['a heredoc', 'RUN <<-"E|OF"\nx\n\tEOF', 'END', 'RUN <<-"END"\nx\n\tEND'],
    ['in a COPY heredoc body', 'FROM a\nARG V\nCOPY <<E /x\n$|V\nE', 'W', 'FROM a\nARG W\nCOPY <<E /x\n$W\nE'],
  ];
  for (const [name, text, newName, expected] of cases) test(name, () => assert.equal(renamed(text, newName), expected));

  const refused: [text: string, newName: string, why: RegExp][] = [
    ['FROM |a', 'b', /image/],
    ['FROM a AS |b\nFROM x AS c', 'C', /another stage/],
    ['FROM a AS |b', '1b', /begins with a letter/],
    ['FROM a\nARG |V', 'a-b', /letters, digits/],
    ['FROM a\nRUN echo $|HOME', 'X', /no ARG or ENV/],
    ['RUN <<|A\nB\nA', 'B', /a line of the heredoc/],
    ['FROM a\nRUN ec|ho', 'X', /no stage/],
  ];
  for (const [text, newName, why] of refused) {
    test(`refused: ${text} to ${newName}`, () => assert.throws(() => renamed(text, newName), why));
  }

  test('prepared with the word', () => {
    const good = marked('FROM a AS b|uild');
    assert.equal(prepareRename(good.open, good.position)?.placeholder, 'build');
    const byNumber = marked('FROM a AS b\nFROM c\nCOPY --from=|0 x y');
    assert.equal(prepareRename(byNumber.open, byNumber.position), null);
  });
});

test('linked editing joins the ends of a heredoc and the uses of a stage', () => {
  const heredoc = marked('RUN <<E|OF\nx\nEOF');
  assert.equal(linkedEditing(heredoc.open, heredoc.position)?.ranges.length, 2);
  const stage = marked('FROM a AS |b\nFROM b\nCOPY --from=b x y');
  assert.equal(linkedEditing(stage.open, stage.position)?.ranges.length, 3);
  const mixed = marked('FROM a AS |b\nFROM B');
  assert.equal(linkedEditing(mixed.open, mixed.position), null);
});
