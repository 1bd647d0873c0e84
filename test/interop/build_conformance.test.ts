// The same Dockerfiles through Slipway and Buildah: the same config, the same tree.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Buildah, slipwayBuild, whyNoBuildah } from '../support/built_image.ts';
import { writeBusyboxArchive } from '../support/busybox_image.ts';
import { TestEngine } from '../support/slipway.ts';

interface Case {
  readonly what: string;
  /** `BASE` stands for the busybox image. */
  readonly file: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly ignore?: string;
  /** What Buildah does otherwise than the Dockerfile reference says: the entries, and why. They must differ, or the line goes. */
  readonly differs?: { readonly entries: readonly string[]; readonly why: string };
}

const cases: readonly Case[] = [
  { what: 'COPY of files', file: 'FROM scratch\nCOPY a.txt b.txt /d/\nCOPY a.txt /renamed\nCOPY run.sh /' },
  { what: 'COPY of a directory takes what is in it', file: 'FROM scratch\nCOPY dir /into\nCOPY dir/ /slash/' },
  { what: 'COPY of everything', file: 'FROM scratch\nCOPY . /all/' },
  { what: 'COPY with wildcards', file: 'FROM scratch\nCOPY *.txt /t/\nCOPY dir/?ne.txt /q/\nCOPY [ab].txt /c/' },
  { what: 'COPY of a wildcard that finds directories', file: 'FROM scratch\nCOPY d* /w/' },
  { what: 'COPY in exec form with spaces', file: 'FROM scratch\nCOPY ["with space.txt", "/to here/"]' },
  { what: 'COPY below WORKDIR', file: 'FROM scratch\nWORKDIR /w\nCOPY a.txt .\nCOPY a.txt sub/\nCOPY a.txt ./as' },
  { what: 'COPY over an existing directory', file: 'FROM scratch\nCOPY dir /d\nCOPY dir/sub /d/\nCOPY a.txt /d' },
  {
    what: 'COPY through a link in the image',
    file: 'FROM BASE\nRUN mkdir /real && ln -s /real /link\nCOPY dir /link\nCOPY a.txt /link/',
  },
  { what: 'COPY of links', file: 'FROM scratch\nCOPY links /l/' },
  { what: 'COPY --chmod', file: 'FROM scratch\nCOPY --chmod=640 a.txt run.sh /m/' },
  {
    what: 'COPY --chown with numbers',
    file: 'FROM scratch\nCOPY --chown=5:6 a.txt /new/dir/a.txt\nCOPY --chown=7:8 dir /d/',
  },
  {
    what: 'COPY --chown with names',
    file: 'FROM BASE\nCOPY --chown=nobody:nogroup a.txt /n/\nCOPY --chown=nobody b.txt /n/',
  },
  {
    what: 'COPY of owners from a stage',
    file: 'FROM BASE AS one\nRUN mkdir /o && echo x > /o/f && chown -R 3:4 /o && chmod 4711 /o/f\nFROM scratch\nCOPY --from=one /o /p/',
  },
  { what: 'COPY from a stage by number', file: 'FROM scratch\nCOPY a.txt /a\nFROM scratch\nCOPY --from=0 /a /b' },
  { what: 'COPY from an image', file: 'FROM scratch\nCOPY --from=BASE /etc/passwd /p' },
  {
    what: 'stages on stages',
    file: 'FROM BASE AS one\nENV A=1\nRUN echo $A > /one\nFROM one AS two\nRUN echo $A > /two\nFROM two\nENV B=2',
  },
  { what: 'ADD unpacks tar', file: 'FROM scratch\nADD tree.tar /t/\nADD tree.tar.gz /z' },
  { what: 'ADD of plain files', file: 'FROM scratch\nADD a.txt /a\nADD dir /d/' },
  { what: 'COPY does not unpack', file: 'FROM scratch\nCOPY tree.tar /t/' },
  {
    what: 'COPY honours .dockerignore',
    file: 'FROM scratch\nCOPY . /c/',
    ignore: '# all\n*.txt\n!b.txt\n**/two*\nlinks\n*.tar*',
  },
  {
    what: '.dockerignore with a directory and an exception',
    file: 'FROM scratch\nCOPY dir /c/',
    ignore: 'dir/sub/*\n!dir/sub/three.txt\n/a.txt',
  },
  {
    what: 'ENV in order and replaced',
    file: 'FROM BASE\nENV B=1 A=2\nENV C=$A$B\nENV B=3 D="x y" E=a\\ b\nENV OLD all of this',
  },
  { what: 'ENV of one line sees the old values', file: 'FROM scratch\nENV a=old\nENV a=new b=$a\nENV c=$a' },
  {
    what: 'modifiers of variables',
    file: "FROM scratch\nENV a=x e=\nENV b=${a:-d} c=${no:-d} f=${e:-d} g=${a:+p} h=${no:+p} i=\\$a j='$a'",
  },
  { what: 'ARG before FROM', file: 'ARG WHICH=BASE\nARG V=1\nFROM $WHICH\nARG V\nENV SEEN=$V' },
  {
    what: 'ARG with default and given',
    file: 'FROM scratch\nARG a=1\nARG b=2\nARG c\nENV all=$a-$b-$c',
    args: { b: 'given', c: 'too' },
  },
  { what: 'ARG ends with its stage', file: 'FROM scratch\nARG a=1\nFROM scratch\nENV e=x$a' },
  { what: 'ENV wins over ARG', file: 'FROM scratch\nENV a=env\nARG a=arg\nENV b=$a', args: { a: 'given' } },
  { what: 'ARG in RUN', file: 'FROM BASE\nARG a=1\nRUN echo $a > /a', args: { a: 'two' } },
  { what: 'WORKDIR', file: 'FROM scratch\nENV d=deep\nWORKDIR /a\nWORKDIR b/$d\nWORKDIR ../c' },
  { what: 'WORKDIR and RUN', file: 'FROM BASE\nWORKDIR /w\nRUN pwd > here' },
  {
    what: 'USER of RUN',
    file: 'FROM BASE\nRUN mkdir -m 777 /u\nUSER 9:10\nRUN echo x > /u/f\nUSER nobody\nRUN id -u > /u/n',
  },
  {
    what: 'SHELL',
    file: 'FROM BASE\nSHELL ["/bin/sh", "-ec"]\nRUN echo $- > /f\nCMD echo hi\nENTRYPOINT run me',
    differs: {
      entries: ['config Cmd', 'config Entrypoint'],
      why: 'Buildah 1.28 puts /bin/sh -c there; the reference says that SHELL is for every shell form',
    },
  },
  {
    what: 'exec forms',
    file: 'FROM BASE\nRUN ["/bin/sh", "-c", "echo $HOME > /f"]\nENTRYPOINT ["/e", "a b"]\nCMD ["c", "$d"]',
  },
  { what: 'shell forms', file: 'FROM BASE\nENTRYPOINT exec top -b\nCMD echo  two   spaces $HOME' },
  { what: 'ENTRYPOINT drops the base command', file: 'FROM BASE\nENTRYPOINT ["/e"]' },
  { what: 'CMD that comes first stays', file: 'FROM BASE\nCMD ["c"]\nENTRYPOINT ["/e"]' },
  {
    what: 'EXPOSE',
    file: 'FROM scratch\nARG p=81\nEXPOSE 80 $p/udp 443/TCP\nEXPOSE 80/tcp',
    differs: {
      entries: ['config ExposedPorts'],
      why: 'Buildah 1.28 keeps the case of a protocol; BuildKit writes it in small letters',
    },
  },
  {
    what: 'EXPOSE of a range',
    file: 'FROM scratch\nEXPOSE 90-92/udp',
    differs: {
      entries: ['config ExposedPorts'],
      why: 'Buildah 1.28 keeps a range as it is; BuildKit writes each port',
    },
  },
  {
    what: 'VOLUME',
    file: 'FROM scratch\nENV v=/vv\nVOLUME /a $v\nVOLUME ["/b c", "/d"]',
    differs: { entries: ['/b c', '/d'], why: 'Buildah makes the directories; BuildKit leaves that to the container' },
  },
  { what: 'LABEL', file: 'FROM scratch\nLABEL a=1 "b c"="d e" f=\'$g\'\nLABEL h="two \\\nlines" a=2' },
  { what: 'STOPSIGNAL', file: 'FROM scratch\nARG s=SIGINT\nSTOPSIGNAL $s' },
  {
    what: 'HEALTHCHECK',
    file: 'FROM scratch\nHEALTHCHECK --interval=5s --timeout=1m --retries=4 --start-period=2s CMD ["a", "b"]',
  },
  { what: 'HEALTHCHECK in shell form, then NONE', file: 'FROM scratch\nHEALTHCHECK CMD a && b\nHEALTHCHECK NONE' },
  { what: 'ONBUILD', file: 'FROM scratch\nONBUILD RUN echo  hi\nONBUILD COPY a.txt /x' },
  {
    what: 'comments, continuations, case',
    file: '# x\nfrom BASE\n# y\nrun echo a \\\n # between\n  b \\\n\n c > /f\nenv A=1 \\\n  B=2',
  },
  {
    what: 'escape directive',
    file: '# escape=`\nFROM scratch\nENV a=1 `\n  b=c:\\d',
    differs: {
      entries: ['config Env'],
      why: 'Buildah 1.28 takes the backslash for an escape though another one was set',
    },
  },
  {
    what: 'files removed and replaced',
    file: 'FROM BASE\nRUN mkdir /d && touch /d/a /d/b\nRUN rm -r /d && echo f > /d\nRUN rm /etc/group && ln -s passwd /etc/group',
  },
  {
    what: 'kinds of files',
    file: 'FROM BASE\nRUN mkfifo -m 600 /p && echo x > /f && ln /f /h && mkdir -m 1777 /t && chmod 2755 /f',
  },
];

const skip = whyNoBuildah() ?? false;
describe('the same Dockerfiles through Buildah', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-conformance-'));
  const context = join(folder, 'context');
  let engine: TestEngine;
  let buildah: Buildah;

  before(async () => {
    const archive = join(folder, 'busybox.tar');
    writeBusyboxArchive(archive);
    makeContext(context);
    engine = await TestEngine.start({ bare: true });
    buildah = new Buildah(archive);
    const { code, stderr } = await engine.cli(['load', '-i', archive]);
    assert.equal(code, 0, stderr);
  });
  after(async () => {
    buildah[Symbol.dispose]();
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  for (const { what, file, args = {}, ignore = '', differs } of cases) {
    it(what, async () => {
      writeFileSync(join(context, 'Dockerfile'), `${file.replaceAll('BASE', 'slipway.test/busybox:latest')}\n`);
      writeFileSync(join(context, '.dockerignore'), `${ignore}\n`);
      const theirs = await buildah.build(
        context,
        Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      );
      const ours = await slipwayBuild(engine, context, args);
      const keys = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
      const different = keys.filter((key) => ours.get(key) !== theirs.get(key));
      assert.deepEqual(
        different.filter((key) => differs?.entries.includes(key) !== true),
        [],
        different.map((key) => `${key}\n  slipway: ${ours.get(key)}\n  buildah: ${theirs.get(key)}`).join('\n'),
      );
      for (const key of differs?.entries ?? []) assert.ok(different.includes(key), `${key} does not differ any more`);
    });
  }
});

/** Files, links and archives with fixed modes: one context for all. */
function makeContext(context: string): void {
  const files = ['a.txt', 'b.txt', 'with space.txt', 'dir/one.txt', 'dir/two.txt', 'dir/sub/three.txt', 'links/file'];
  for (const name of [...files, 'run.sh']) {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), `${name}\n`);
    chmodSync(join(context, name), name === 'run.sh' ? 0o750 : 0o644);
  }
  for (const name of ['dir/sub', 'links']) chmodSync(join(context, name), name === 'links' ? 0o711 : 0o755);
  symlinkSync('file', join(context, 'links/relative'));
  symlinkSync('/nowhere', join(context, 'links/dangling'));
  for (const [flag, name] of [
    ['-cf', 'tree.tar'],
    ['-czf', 'tree.tar.gz'],
  ] as const)
    execFileSync('tar', ['-C', context, '--owner=11', '--group=12', flag, join(context, name), 'dir', 'links']);
}
