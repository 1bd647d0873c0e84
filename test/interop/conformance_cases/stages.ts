// Stages, what is taken from them, and ONBUILD.
import { type Case, directory, file, newer, newest, reasons } from './case.ts';

export const stageCases: readonly Case[] = [
  {
    what: 'COPY of owners from a stage',
    file: 'FROM BASE AS one\nRUN mkdir /o && echo x > /o/f && chown -R 3:4 /o && chmod 4711 /o/f\nFROM scratch\nCOPY --from=one /o /p/',
  },
  { what: 'COPY from a stage by number', file: 'FROM scratch\nCOPY a.txt /a\nFROM scratch\nCOPY --from=0 /a /b' },
  {
    what: 'COPY from a stage in other letters',
    without: ['buildah'],
    file: 'FROM scratch AS One\nCOPY a.txt /a\nFROM scratch\nCOPY --from=oNE /a /b',
  },
  { what: 'COPY from an image', file: 'FROM scratch\nCOPY --from=BASE /etc/passwd /p' },
  {
    what: 'COPY of a whole stage',
    file: 'FROM scratch AS one\nCOPY dir /d\nCOPY a.txt /\nFROM scratch\nCOPY --from=one / /all/',
  },
  {
    what: 'COPY of wildcards from a stage',
    file: 'FROM scratch AS one\nCOPY dir /d\nFROM scratch\nCOPY --from=one /d/*.txt /w/\nCOPY --from=one d/s* /s/',
  },
  {
    what: 'COPY from a stage ignores WORKDIR and .dockerignore',
    file: 'FROM scratch AS one\nWORKDIR /w\nCOPY dir d\nFROM scratch\nCOPY --from=one w/d /x/',
    ignore: '*.md',
  },
  {
    what: 'COPY --chown from a stage',
    file: 'FROM BASE AS one\nRUN mkdir /o && echo x > /o/f && chown 3:4 /o/f\nFROM BASE\nCOPY --from=one --chown=nobody:9 /o /p',
  },
  {
    what: 'COPY of links from a stage',
    file: 'FROM BASE AS one\nRUN mkdir /o && echo x > /o/f && ln -s f /o/r && ln -s /o/f /o/a && ln -s /none /o/d && ln -s o /l\nFROM scratch\nCOPY --from=one /o /p/\nCOPY --from=one /o/r /q\nCOPY --from=one /l /s/',
  },
  {
    what: 'COPY of hard links from a stage',
    file: 'FROM BASE AS one\nRUN mkdir /o && echo x > /o/a && ln /o/a /o/b\nFROM scratch\nCOPY --from=one /o /p/',
  },
  {
    what: 'COPY of special files from a stage',
    file: 'FROM BASE AS one\nRUN mkdir /o && mkfifo -m 640 /o/p && mkdir -m 1777 /o/t && echo x > /o/s && chmod 6755 /o/s\nFROM scratch\nCOPY --from=one /o /p/',
  },
  {
    what: 'COPY of attributes from a stage',
    file: 'FROM scratch AS one\nADD marked.tar /o/\nFROM scratch\nCOPY --from=one /o /p/',
  },
  {
    what: 'attributes of files in the context',
    differs: { docker: { entries: ['/m/capable'], why: reasons.attributes } },
    file: 'FROM scratch\nCOPY marked /m/',
  },
  { what: 'attributes of an archive', file: 'FROM scratch\nADD marked.tar /m/' },
  {
    what: 'attributes under other owners',
    differs: { docker: { entries: ['/c'], why: reasons.attributes } },
    file: 'FROM scratch\nCOPY --chown=5:6 marked/capable /c',
  },
  {
    what: 'stages on stages',
    file: 'FROM BASE AS one\nENV A=1\nRUN echo $A > /one\nFROM one AS two\nRUN echo $A > /two\nFROM two\nENV B=2',
  },
  {
    what: 'a stage on one by other letters',
    without: ['buildah', 'buildkit'], // they look for an image of that name
    file: 'FROM scratch AS Parent\nENV a=1\nFROM pareNT\nENV b=2',
  },
  { what: "a stage that has an image's name", file: 'FROM BASE AS busybox\nENV a=1\nFROM busybox\nENV b=2' },
  {
    what: 'two stages of the same name: the later one counts',
    without: ['docker'], // it refuses the second name
    file: 'FROM scratch AS one\nCOPY a.txt /f\nFROM scratch AS one\nCOPY b.txt /f\nFROM scratch\nCOPY --from=one /f /g',
  },
  {
    what: "a stage's config does not come with its files",
    file: 'FROM BASE AS one\nENV A=1\nLABEL l=1\nUSER 5\nUSER 0\nRUN echo x > /f\nFROM scratch\nCOPY --from=one /f /f',
  },
  {
    what: 'a target in the middle',
    file: 'FROM scratch AS one\nCOPY a.txt /a\nFROM one AS two\nCOPY b.txt /b\nFROM two\nCOPY run.sh /c',
    target: 'two',
  },
  {
    what: 'a target by number',
    without: ['docker', 'buildkit'], // they know names only
    file: 'FROM scratch\nCOPY a.txt /a\nFROM scratch\nCOPY b.txt /b',
    target: '0',
  },
  {
    what: 'stages that nobody needs are not built',
    file: 'FROM BASE AS broken\nRUN false\nFROM scratch\nCOPY a.txt /a',
    without: ['docker', 'buildah'],
    expected: { '/a': file('a.txt\n') },
  },
  { what: 'FROM --platform', file: 'FROM --platform=linux/amd64 BASE\nRUN uname -m > /m' },
  {
    what: 'FROM of variables',
    file: 'ARG repo=BASE\nARG empty\nFROM ${repo}${empty} AS one\nFROM ${nothing:-one}\nENV a=1',
    without: ['docker'],
  },
  { what: 'ONBUILD', file: 'FROM scratch\nONBUILD RUN echo  hi\nONBUILD COPY a.txt /x' },
  {
    what: 'ONBUILD with flags and variables',
    file: 'FROM scratch\nENV v=1\nONBUILD COPY --chown=1:2 a.txt $v\nonbuild env w=$v',
  },
  {
    what: 'ONBUILD is carried out once',
    file: 'FROM BASE AS parent\nONBUILD RUN echo x >> /f\nONBUILD ENV a=1\nFROM parent AS child\nRUN echo y >> /f\nFROM child\nENV b=2',
  },
  {
    what: "ONBUILD comes before the stage's own",
    file: 'FROM BASE AS parent\nENV v=1\nONBUILD ARG x=2\nONBUILD ENV w=$v$x\nFROM parent\nENV u=$w',
  },
  {
    what: 'ONBUILD COPY and WORKDIR',
    file: 'FROM scratch AS parent\nWORKDIR /w\nONBUILD WORKDIR in\nONBUILD COPY a.txt .\nONBUILD LABEL l=1\nFROM parent\nCOPY b.txt .',
  },
  {
    what: 'ONBUILD of what only changes the config',
    file: 'FROM scratch AS parent\nONBUILD USER 5\nONBUILD EXPOSE 80\nONBUILD VOLUME /v\nONBUILD CMD ["c"]\nONBUILD HEALTHCHECK NONE\nONBUILD STOPSIGNAL 9\nFROM parent\nLABEL a=1',
  },
  {
    what: 'COPY --parents from a stage',
    file: 'FROM scratch AS one\nCOPY dir /x/d\nFROM scratch\nCOPY --from=one --parents /x/./d/sub /x/d/one.txt /o/',
    without: newest,
    expected: {
      '/o': directory(),
      '/o/d': directory(),
      '/o/d/sub': directory(),
      '/o/d/sub/three.txt': file('dir/sub/three.txt\n'),
      '/o/x': directory(),
      '/o/x/d': directory(),
      '/o/x/d/one.txt': file('dir/one.txt\n'),
    },
  },
  {
    what: 'COPY --link --from on top of a link',
    file: 'FROM scratch AS one\nCOPY a.txt /a\nFROM scratch\nCOPY --from=one --link /a /x/',
    without: newer,
    expected: { '/x': directory(), '/x/a': file('a.txt\n') },
  },
];
