import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hover } from './hover.ts';
import { imagePage } from './image_pages.ts';
import { marked, services, textOf } from './marked_document.ts';
import { signatureHelp } from './signature.ts';

async function hovered(text: string): Promise<[string, string] | undefined> {
  const { open, position } = marked(text);
  const found = await hover(open, position, services);
  if (found === null) return undefined;
  assert.ok(typeof found.contents === 'object' && 'value' in found.contents && found.range);
  return [textOf(open, found.range), found.contents.value];
}

describe('hover', () => {
  const cases: [text: string, range: string, content: RegExp][] = [
    ['FR|OM a', 'FROM', /Begins a build stage/],
    ['from a', 'from', /Begins/],
    ['FROM --plat|form=x a', '--platform', /architecture/],
    ['FROM a\nRUN --mou|nt=type=cache,target=/x y', '--mount', /this command only/],
    ['FROM a\nRUN --mount=type=ca|che,target=/x y', 'cache', /kept between builds/],
    ['FROM a\nRUN --mount=type=cache,shar|ing=locked,target=/x y', 'sharing', /two builds/],
    ['FROM a\nCOPY --par|ents x y', '--parents', /parent directories/],
    ['FROM a\nARG V=1.2\nRUN echo $|V', 'V', /ARG[\s\S]*1\.2[\s\S]*line 2/],
    ['ARG V=1\nFROM a\nARG V\nENV W="x $V"\nRUN echo ${W|}', 'W', /ENV[\s\S]*x 1[\s\S]*line 4/],
    ['FROM --platform=$BUILDPL|ATFORM a', 'BUILDPLATFORM', /machine that builds/],
    ['FROM a\nARG HTTP_PR|OXY', 'HTTP_PROXY', /Proxy|build/],
    ['FROM a AS b\nRUN x\nFROM c\nCOPY --from=|b x y', 'b', /Stage b.*on `a`[\s\S]*1 instruction,[\s\S]*1 time/],
    ['FROM alp|ine:3', 'alpine:3', /hub\.docker\.com\/_\/alpine/],
    ['FROM scr|atch', 'scratch', /empty image/],
    ['FROM a A|S b', 'AS', /names the stage/],
    ['# synt|ax=docker/dockerfile:1\nFROM a', '# syntax', /newest stable/],
    ['FROM a\n# hadolint ignore=DL30|08\nRUN x', 'DL3008', /DL3008/],
    ['FROM a\nRUN <<-"E|OF"\nx\n\tEOF', 'EOF', /quoted.*tabs/],
    ['FROM a\nONBUILD CO|PY a b', 'COPY', /Copies files/],
  ];
  for (const [text, range, content] of cases) {
    const withCursor = text.includes('|') ? text : text.replace('from', 'fr|om');
    test(withCursor, async () => {
      const found = await hovered(withCursor);
      assert.equal(found?.[0], range);
      assert.match(found[1], content);
    });
  }

  test('nothing on blank lines and in comments', async () => {
    assert.equal(await hovered('FROM a\n|\nRUN x'), undefined);
    assert.equal(await hovered('# hel|lo\nFROM a'), undefined);
  });
});

describe('signature help', () => {
  function active(text: string): string | undefined {
    const { open, position } = marked(text);
    const help = signatureHelp(open, position);
    const signature = help?.signatures[help.activeSignature ?? 0];
    const label = signature?.parameters?.[help?.activeParameter ?? 0]?.label;
    return Array.isArray(label) ? signature?.label.slice(label[0], label[1]) : undefined;
  }
  const cases: [string, string | undefined][] = [
    ['FROM |', '<image>[:<tag>][@<digest>]'],
    ['FROM --platform=|', '[--platform=<platform>]'],
    ['FROM a A|', 'AS'],
    ['FROM a\nCOPY a |', '<destination>'],
    ['FROM a\nCOPY --chown=| a b', '[--chown=<user>:<group>]'],
    ['FROM a\nRUN |', '<command>'],
    ['FR|', undefined],
    ['FROM a\nRUN <<EOF\n|x\nEOF', undefined],
  ];
  for (const [text, parameter] of cases) test(JSON.stringify(text), () => assert.equal(active(text), parameter));
});

test('pages of images', () => {
  const pages: [string, string | undefined][] = [
    ['alpine', 'https://hub.docker.com/_/alpine'],
    ['docker.io/library/alpine:3', 'https://hub.docker.com/_/alpine'],
    ['grafana/grafana@sha256:0', 'https://hub.docker.com/r/grafana/grafana'],
    ['quay.io/a/b:1', 'https://quay.io/repository/a/b'],
    ['ghcr.io/o/r', 'https://github.com/o/r/pkgs/container/r'],
    ['localhost:5000/x', undefined],
    ['$BASE', undefined],
    ['scratch', undefined],
  ];
  for (const [reference, page] of pages) assert.equal(imagePage(reference), page, reference);
});
