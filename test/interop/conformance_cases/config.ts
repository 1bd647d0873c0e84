// What only changes the image's config.
import { type Case, newer, reasons } from './case.ts';

const shellOfBuildah = 'Buildah 1.28 puts /bin/sh -c there; the reference says that SHELL is for every shell form';

export const configCases: readonly Case[] = [
  { what: 'WORKDIR', file: 'FROM scratch\nENV d=deep\nWORKDIR /a\nWORKDIR b/$d\nWORKDIR ../c' },
  { what: 'WORKDIR and RUN', file: 'FROM BASE\nWORKDIR /w\nRUN pwd > here' },
  {
    what: 'WORKDIR with blanks and a slash at the end',
    differs: {
      buildah: { entries: ['config WorkingDir'], why: 'Buildah 1.28 keeps the slash; BuildKit cleans the path' },
      docker: { entries: ['config WorkingDir', 'history'], why: 'so does the classic builder' },
    },
    file: 'FROM scratch\nWORKDIR /a b/c/',
  },
  { what: 'WORKDIR that is there', file: 'FROM BASE\nRUN mkdir -m 700 /w && chown 5:6 /w\nWORKDIR /w\nWORKDIR /tmp' },
  {
    what: 'WORKDIR through a link',
    file: 'FROM BASE\nRUN mkdir /real && ln -s real /link\nWORKDIR /link/in\nRUN echo x > f',
  },
  {
    what: 'WORKDIR of another user',
    differs: { docker: { entries: ['/w'], why: reasons.workdir } },
    file: 'FROM BASE\nUSER 9:10\nWORKDIR /w',
  },
  { what: 'WORKDIR relative to the root', file: 'FROM scratch\nWORKDIR a\nWORKDIR ./b/./c\nWORKDIR ../../../../d' },
  { what: 'USER', file: 'FROM scratch\nUSER nobody\nUSER 1000:1000' },
  {
    what: 'USER of RUN',
    file: 'FROM BASE\nRUN mkdir -m 777 /u\nUSER 9:10\nRUN echo x > /u/f\nUSER nobody\nRUN id -u > /u/n',
  },
  {
    what: 'USER with a group of RUN',
    file: 'FROM BASE\nRUN mkdir -m 777 /u\nUSER nobody:nogroup\nRUN id -u > /u/u; id -g > /u/g',
  },
  {
    what: 'SHELL',
    file: 'FROM BASE\nSHELL ["/bin/sh", "-ec"]\nRUN echo $- > /f\nCMD echo hi\nENTRYPOINT run me',
    differs: { buildah: { entries: ['config Cmd', 'config Entrypoint'], why: shellOfBuildah } },
  },
  { what: 'SHELL of another program', file: 'FROM BASE\nSHELL ["/bin/busybox", "sh", "-c"]\nRUN echo $0 > /f' },
  {
    what: 'SHELL comes with the stage',
    file: 'FROM BASE AS one\nSHELL ["/bin/sh", "-uc"]\nFROM one\nRUN echo $- > /f\nCMD x y',
    differs: { buildah: { entries: ['config Cmd'], why: shellOfBuildah } },
  },
  {
    what: 'exec forms',
    file: 'FROM BASE\nRUN ["/bin/sh", "-c", "echo $HOME > /f"]\nENTRYPOINT ["/e", "a b"]\nCMD ["c", "$d"]',
  },
  { what: 'exec form with escapes', file: 'FROM scratch\nCMD ["a\\"b", "c\\\\d", "\\u00e9", ""]' },
  {
    what: 'exec form with blanks around',
    file: 'FROM scratch\nENTRYPOINT  [ "a" ,"b"  ]  \nCMD [\\\n  "c", \\\n  "d" \\\n]',
  },
  { what: 'exec form that is none', file: "FROM scratch\nCMD ['a', 'b']\nENTRYPOINT [ \"a\", ]" },
  { what: 'shell forms', file: 'FROM BASE\nENTRYPOINT exec top -b\nCMD echo  two   spaces $HOME' },
  { what: 'empty exec forms', file: 'FROM BASE\nENTRYPOINT []\nCMD []' },
  {
    what: 'the last CMD and ENTRYPOINT',
    file: 'FROM scratch\nCMD ["a"]\nCMD ["b"]\nENTRYPOINT ["c"]\nENTRYPOINT ["d"]',
  },
  { what: 'ENTRYPOINT drops the base command', file: 'FROM BASE\nENTRYPOINT ["/e"]' },
  {
    what: 'ENTRYPOINT drops the command of the stage below',
    file: 'FROM scratch AS one\nCMD ["c"]\nFROM one\nENTRYPOINT ["/e"]',
  },
  { what: 'CMD that comes first stays', file: 'FROM BASE\nCMD ["c"]\nENTRYPOINT ["/e"]' },
  {
    what: 'CMD keeps the entrypoint of the stage below',
    file: 'FROM scratch AS one\nENTRYPOINT ["/e"]\nFROM one\nCMD ["c"]',
  },
  {
    what: 'EXPOSE',
    file: 'FROM scratch\nARG p=81\nEXPOSE 80 $p/udp 443/TCP\nEXPOSE 80/tcp',
    differs: {
      buildah: {
        entries: ['config ExposedPorts'],
        why: 'Buildah 1.28 keeps the case of a protocol; BuildKit writes it in small letters',
      },
    },
  },
  {
    what: 'EXPOSE of a range',
    file: 'FROM scratch\nEXPOSE 90-92/udp',
    differs: {
      buildah: {
        entries: ['config ExposedPorts'],
        why: 'Buildah 1.28 keeps a range as it is; BuildKit writes each port',
      },
    },
  },
  { what: 'EXPOSE of the same port twice', file: 'FROM scratch\nEXPOSE 80/udp 80\nEXPOSE 80' },
  { what: 'EXPOSE with what the stage below has', file: 'FROM scratch AS one\nEXPOSE 1\nFROM one\nEXPOSE 2/sctp' },
  {
    what: 'VOLUME',
    file: 'FROM scratch\nENV v=/vv\nVOLUME /a $v\nVOLUME ["/b c", "/d"]',
    differs: {
      buildah: { entries: ['/b c', '/d'], why: 'Buildah makes the directories; BuildKit leaves that to the container' },
    },
  },
  { what: 'VOLUME of a directory that is there', file: 'FROM BASE\nRUN mkdir -m 700 /v && echo x > /v/f\nVOLUME /v' },
  { what: 'LABEL', file: 'FROM scratch\nLABEL a=1 "b c"="d e" f=\'$g\'\nLABEL h="two \\\nlines" a=2' },
  { what: 'LABEL of the old form', file: 'FROM scratch\nLABEL a one  two' },
  { what: 'LABEL with dots, dashes and JSON', file: 'FROM scratch\nLABEL org.x-y.z="{\\"k\\": [1]}" empty= q=""' },
  { what: 'LABEL over that of the stage below', file: 'FROM scratch AS one\nLABEL a=1 b=1\nFROM one\nLABEL b=2 c=2' },
  { what: 'MAINTAINER', file: 'FROM scratch\nMAINTAINER Some One <some@one>\nLABEL a=1' },
  { what: 'STOPSIGNAL', file: 'FROM scratch\nARG s=SIGINT\nSTOPSIGNAL $s' },
  { what: 'STOPSIGNAL as a number', file: 'FROM scratch\nSTOPSIGNAL SIGTERM\nSTOPSIGNAL 9' },
  {
    what: 'HEALTHCHECK',
    file: 'FROM scratch\nHEALTHCHECK --interval=5s --timeout=1m --retries=4 --start-period=2s CMD ["a", "b"]',
  },
  { what: 'HEALTHCHECK in shell form', file: 'FROM scratch\nHEALTHCHECK CMD a  &&  b || exit 1' },
  {
    what: 'HEALTHCHECK over lines',
    file: 'FROM scratch\nHEALTHCHECK --interval=1m30s \\\n  --timeout=1.5s \\\n  CMD curl x \\\n  || exit 1',
  },
  { what: 'HEALTHCHECK in shell form, then NONE', file: 'FROM scratch\nHEALTHCHECK CMD a && b\nHEALTHCHECK NONE' },
  {
    what: 'HEALTHCHECK of the stage below taken back',
    file: 'FROM scratch AS one\nHEALTHCHECK CMD a\nFROM one\nHEALTHCHECK NONE',
  },
  { what: 'HEALTHCHECK in small letters', file: 'FROM scratch\nhealthcheck --retries=2 cmd ["a"]' },
  {
    what: 'HEALTHCHECK --start-interval',
    file: 'FROM scratch\nHEALTHCHECK --start-interval=500ms --retries=0 CMD a',
    without: newer,
    expected: { 'config Healthcheck': JSON.stringify({ StartInterval: 5e8, Test: ['CMD-SHELL', 'a'] }) },
  },
  {
    what: 'comments, continuations, case',
    file: '# x\nfrom BASE\n# y\nrun echo a \\\n # between\n  b \\\n\n c > /f\nenv A=1 \\\n  B=2',
  },
  {
    what: 'a hash inside a line is no comment',
    file: 'FROM BASE\nRUN echo a # b > /none; echo c > /c\nENV a=x#y b="# z"',
  },
  { what: 'indented instructions and blanks at the end', file: '  FROM scratch  \n\tENV a=1  \n\n   LABEL b=2\t' },
  { what: 'lines that end as on Windows', file: 'FROM scratch\r\nENV a=1 \\\r\n  b=2\r\nCOPY a.txt /x\r' },
  { what: 'a mark at the beginning of the file', file: '\uFEFFFROM scratch\nENV a=1' },
  {
    what: 'escape directive',
    file: '# escape=`\nFROM scratch\nENV a=1 `\n  b=c:\\d',
    differs: {
      buildah: {
        entries: ['config Env'],
        why: 'Buildah 1.28 takes the backslash for an escape though another one was set',
      },
    },
  },
  { what: 'a directive behind a comment is a comment', file: '# note\n# escape=`\nFROM scratch\nENV a=1 \\\n  b=2' },
  {
    what: 'syntax and check directives',
    file: '# syntax=docker/dockerfile:1\n# check=skip=all\nFROM scratch\nENV a=1',
    without: [],
  },
];
