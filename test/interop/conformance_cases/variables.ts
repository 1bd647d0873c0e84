// ENV, ARG and what replaces variables.
import { type Case, newer } from './case.ts';

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const env = (...values: readonly string[]) => JSON.stringify([path, ...values]);

export const variableCases: readonly Case[] = [
  {
    what: 'ENV in order and replaced',
    file: 'FROM BASE\nENV B=1 A=2\nENV C=$A$B\nENV B=3 D="x y" E=a\\ b\nENV OLD all of this',
  },
  { what: 'ENV of one line sees the old values', file: 'FROM scratch\nENV a=old\nENV a=new b=$a\nENV c=$a' },
  {
    what: 'ENV with quotes of both kinds',
    file: 'FROM scratch\nENV v=x a="one $v" b=\'one $v\' c="it\'s" d=\'say "x"\' e=a"b c"d',
  },
  { what: 'ENV with an empty value', file: 'FROM scratch\nENV a= b="" c=$none\nENV d=x$a-$b' },
  { what: 'ENV with escapes', file: 'FROM scratch\nENV a=1 b=\\$a c="\\$a" d=\'\\$a\' e=x\\ y f="q\\"q"' },
  { what: 'ENV of the old form keeps inner blanks', file: 'FROM scratch\nENV a  one   two\nENV b "quoted" \'too\'' },
  { what: 'ENV with an equals sign in the value', file: 'FROM scratch\nENV a=b=c d==e' },
  { what: 'ENV overrides the base', file: 'FROM BASE\nENV PATH=/mine:$PATH' },
  { what: 'ENV of a name from a variable', file: 'FROM scratch\nARG n=name\nENV ${n}_x=1 $n=2' },
  { what: 'ENV in RUN', file: 'FROM BASE\nENV a="one two"\nRUN echo "$a" > /a; env | grep ^a= > /e' },
  {
    what: 'modifiers of variables',
    file: "FROM scratch\nENV a=x e=\nENV b=${a:-d} c=${no:-d} f=${e:-d} g=${a:+p} h=${no:+p} i=\\$a j='$a'",
  },
  {
    what: 'modifiers inside modifiers',
    file: 'FROM scratch\nENV a=x\nENV b=${no:-${a}y} c=${no:-${nope:-z}} d=${a:+${a}${a}}',
  },
  {
    what: 'modifiers without a colon',
    file: 'FROM scratch\nENV e= a=x\nENV b=${e-d} c=${no-d} f=${e+p} g=${no+p} h=${a+p}',
    without: newer,
    expected: { 'config Env': env('e=', 'a=x', 'b=', 'c=d', 'f=p', 'g=', 'h=p') },
  },
  {
    what: 'modifiers that demand a value',
    file: 'FROM scratch\nENV a=x e=\nENV b="${a:?no a}" c="${a?no a}" d="${e?no e}"',
    without: newer,
    expected: { 'config Env': env('a=x', 'e=', 'b=x', 'c=x', 'd=') },
  },
  {
    what: 'modifiers that take a beginning away',
    file: 'FROM scratch\nENV p=/a/b/c.tar.gz\nENV s=${p#*/} l=${p##*/} n=${p#x} q=${p#/?/}',
    without: newer,
    expected: {
      'config Env': env('p=/a/b/c.tar.gz', 's=a/b/c.tar.gz', 'l=c.tar.gz', 'n=/a/b/c.tar.gz', 'q=b/c.tar.gz'),
    },
  },
  {
    what: 'modifiers that take an end away',
    file: 'FROM scratch\nENV p=/a/b/c.tar.gz\nENV s=${p%.*} l=${p%%.*} d=${p%/*} n=${p%x}',
    without: newer,
    expected: { 'config Env': env('p=/a/b/c.tar.gz', 's=/a/b/c.tar', 'l=/a/b/c', 'd=/a/b', 'n=/a/b/c.tar.gz') },
  },
  {
    what: 'modifiers that replace',
    file: 'FROM scratch\nENV p=a-b-c\nENV o=${p/-/_} m=${p//-/_} g=${p//-/} w=${p/b*/x}',
    without: newer,
    expected: { 'config Env': env('p=a-b-c', 'o=a_b-c', 'm=a_b_c', 'g=abc', 'w=a-x') },
  },
  { what: 'ARG before FROM', file: 'ARG WHICH=BASE\nARG V=1\nFROM $WHICH\nARG V\nENV SEEN=$V' },
  { what: 'ARG before FROM is not seen in the stage', file: 'ARG V=1\nFROM scratch\nENV SEEN=x$V' },
  { what: 'ARG before FROM with a default of the stage', file: 'ARG V=1\nFROM scratch\nARG V=2\nENV SEEN=$V' },
  {
    what: 'ARG before FROM that is given',
    file: 'ARG V=1\nARG W=${V}x\nFROM scratch\nARG V\nARG W\nENV SEEN=$V-$W',
    args: { V: '9' },
  },
  {
    what: 'ARG with default and given',
    file: 'FROM scratch\nARG a=1\nARG b=2\nARG c\nENV all=$a-$b-$c',
    args: { b: 'given', c: 'too' },
  },
  {
    what: 'ARG of several on a line',
    file: 'FROM scratch\nARG a=1 b=$a c\nENV all=$a-$b-$c',
    args: { c: '3' },
    without: ['buildah'],
    differs: {
      docker: {
        entries: ['config Env', 'history'],
        why: 'the classic builder expands the whole line first; BuildKit one after the other',
      },
    },
  },
  { what: 'ARG that refers to one above', file: 'FROM scratch\nARG a=1\nARG b=${a}2\nARG a=3\nENV all=$a-$b' },
  { what: 'ARG ends with its stage', file: 'FROM scratch\nARG a=1\nFROM scratch\nENV e=x$a' },
  {
    what: 'ARG of a stage is seen in one on top of it',
    differs: {
      buildah: {
        entries: ['/a', 'config Env'],
        why: 'Buildah 1.28 ends an ARG with its stage; the reference lets stages on top inherit it',
      },
      docker: { entries: ['/a', 'config Env', 'history'], why: 'so does the classic builder' },
    },
    file: 'FROM BASE AS one\nARG a=1\nFROM one\nRUN echo "x$a" > /a\nENV e=x$a',
  },
  {
    what: 'ARG only from where it stands',
    file: 'FROM scratch\nENV before=x$a\nARG a=1\nENV after=x$a',
    args: { a: '2' },
  },
  { what: 'ARG given empty', file: 'FROM scratch\nARG a=1\nENV e=x${a}y f=${a:-d}', args: { a: '' } },
  { what: 'ENV wins over ARG', file: 'FROM scratch\nENV a=env\nARG a=arg\nENV b=$a', args: { a: 'given' } },
  { what: 'ENV takes the value of ARG', file: 'FROM scratch\nARG a\nENV a=${a:-none}', args: { a: 'given' } },
  { what: 'ARG in RUN', file: 'FROM BASE\nARG a=1\nRUN echo $a > /a', args: { a: 'two' } },
  {
    what: 'ARG of a proxy needs no declaration and leaves no trace',
    differs: {
      docker: {
        entries: ['history'],
        why: 'the classic builder counts that there are arguments, none of them declared',
      },
    },
    file: 'FROM BASE\nRUN echo "$http_proxy" > /p',
    args: { http_proxy: 'http://p' },
  },
  {
    what: 'ARG of the platform',
    file: 'FROM --platform=$BUILDPLATFORM scratch\nARG TARGETPLATFORM TARGETOS\nARG TARGETARCH\nARG BUILDARCH\nENV p=$TARGETPLATFORM o=$TARGETOS a=$TARGETARCH b=$BUILDARCH v=x$TARGETVARIANT',
    without: newer,
    expected: { 'config Env': env('p=linux/amd64', 'o=linux', 'a=amd64', 'b=amd64', 'v=x') },
  },
  {
    what: 'variables in every instruction',
    file: 'FROM scratch\nENV v=one p=81\nLABEL l=$v $v=x\nEXPOSE $p\nVOLUME /$v\nUSER $v\nWORKDIR /$v\nSTOPSIGNAL SIG${s:-INT}',
  },
  {
    what: 'variables that are not replaced',
    file: 'FROM scratch\nENV v=one\nCMD echo $v\nENTRYPOINT ["$v"]\nONBUILD ENV w=$v\nHEALTHCHECK CMD echo $v',
  },
];
