// RUN, its mounts, and heredocs.
import { type Case, directory, file, newer, newest } from './case.ts';

export const runCases: readonly Case[] = [
  {
    what: 'files removed and replaced',
    file: 'FROM BASE\nRUN mkdir /d && touch /d/a /d/b\nRUN rm -r /d && echo f > /d\nRUN rm /etc/group && ln -s passwd /etc/group',
  },
  {
    what: 'a directory removed and made again',
    file: 'FROM BASE\nRUN mkdir /d && touch /d/a\nRUN rm -r /d && mkdir -m 711 /d && touch /d/b',
  },
  {
    what: 'a link in the place of a directory',
    file: 'FROM BASE\nRUN mkdir -p /d/e && touch /d/e/f\nRUN mv /d/e /g && ln -s /g /d/e && mv /g/f /g/h',
  },
  {
    what: 'owners and modes changed',
    file: 'FROM BASE\nCOPY dir /d\nRUN chmod 700 /d/sub && chown 5:6 /d/one.txt\nRUN chmod 4755 /d/one.txt',
  },
  {
    what: 'kinds of files',
    file: 'FROM BASE\nRUN mkfifo -m 600 /p && echo x > /f && ln /f /h && mkdir -m 1777 /t && chmod 2755 /f',
  },
  { what: 'hard links over layers', file: 'FROM BASE\nRUN echo x > /f && ln /f /g\nRUN rm /f && echo y > /f' },
  {
    what: 'names with blanks and other letters',
    file: 'FROM BASE\nRUN mkdir "/a b" && echo x > "/a b/é ü" && ln -s "é ü" "/a b/l"',
  },
  {
    what: 'long names',
    file: `FROM BASE\nRUN mkdir -p /${'n'.repeat(90)}/${'m'.repeat(90)} && echo x > /${'n'.repeat(90)}/${'m'.repeat(90)}/${'f'.repeat(120)}`,
  },
  { what: 'the umask of RUN', file: 'FROM BASE\nRUN umask > /u && touch /f && mkdir /d' },
  {
    what: 'the home of RUN',
    file: 'FROM BASE\nRUN echo $HOME > /r\nRUN mkdir -m 777 /o\nUSER nobody\nRUN echo $HOME > /o/n',
  },
  {
    what: 'continued commands',
    file: 'FROM BASE\nRUN echo one && \\\n    echo two > /f && \\\n    # a comment\n    echo three >> /f',
  },
  { what: 'quotes of the shell', file: 'FROM BASE\nRUN echo "a  b" \'c  $d\' e\\ f > /f; printf \'%s\\n\' "$0" > /z' },
  { what: 'RUN in exec form', file: 'FROM BASE\nRUN ["touch", "/a b"]\nRUN [ "sh" , "-c", "echo \\"q\\" > /q" ]' },
  { what: "RUN does not see the config's entrypoint", file: 'FROM BASE\nENTRYPOINT ["/none"]\nRUN echo x > /f' },
  {
    what: 'RUN --mount=type=bind',
    file: 'FROM BASE\nRUN --mount=type=bind,target=/m cat /m/a.txt > /f\nRUN --mount=target=/n,source=dir ls /n > /g',
    without: ['docker'],
  },
  {
    what: 'RUN --mount=type=bind from a stage',
    file: 'FROM BASE AS one\nRUN mkdir /o && echo x > /o/f\nFROM BASE\nRUN --mount=type=bind,from=one,source=/o,target=/m cp /m/f /f',
    without: ['docker'],
  },
  {
    what: 'RUN --mount=type=tmpfs',
    file: 'FROM BASE\nRUN --mount=type=tmpfs,target=/scratch echo x > /scratch/f && cp /scratch/f /g',
    without: ['docker'],
  },
  {
    what: 'RUN --mount=type=cache',
    file: 'FROM BASE\nRUN --mount=type=cache,target=/c,id=conformance,mode=0700 stat -c %a /c > /f; touch /c/x',
    without: ['docker'],
  },
  {
    what: 'RUN --mount=type=bind that is written to',
    file: 'FROM BASE\nRUN --mount=target=/m,rw echo x > /m/new && cat /m/new > /f\nRUN --mount=target=/m ls /m/new > /g || echo gone > /g',
    without: newer,
    expected: { '/f': file('x\n'), '/g': file('gone\n') },
  },
  {
    what: 'RUN --network and --security',
    file: 'FROM BASE\nRUN --network=none ip link show up | grep -c mtu > /n\nRUN --security=sandbox echo x > /s',
    without: newest,
    expected: { '/n': file('1\n'), '/s': file('x\n') },
  },
  {
    what: 'RUN of a heredoc',
    file: 'FROM BASE\nENV v=value\nRUN <<EOF\necho "$v" > /f\nfor i in 1 2; do\n  echo $i >> /f\ndone\nEOF\nENV after=1',
    without: newer,
    expected: { '/f': file('value\n1\n2\n'), 'config Env': '["PATH=/bin:/sbin:/usr/bin","v=value","after=1"]' },
  },
  {
    what: 'RUN of a heredoc for a program',
    file: 'FROM BASE\nRUN cat <<EOF > /f && echo more >> /f\na $HOME\nEOF\nRUN cat <<"EOF" > /g\nb $HOME\nEOF',
    without: newer,
    expected: { '/f': file('a /root\nmore\n'), '/g': file('b $HOME\n') },
  },
  {
    what: 'RUN of a heredoc with an interpreter',
    file: 'FROM BASE\nRUN <<EOF\n#!/bin/busybox ash\necho "$0" | grep -c EOF > /f\nEOF',
    without: newer,
    expected: { '/f': file('1\n') },
  },
  {
    what: 'RUN of a heredoc without tabs',
    file: 'FROM BASE\nRUN <<-EOF\n\t\techo tabs > /f\n\tcat <<-X >> /f\n\t\tin\n\tX\n\tEOF',
    without: newer,
    expected: { '/f': file('tabs\nin\n') },
  },
  {
    what: 'RUN of several heredocs',
    file: 'FROM BASE\nRUN cat <<one - <<two > /f\n1\none\n2\ntwo\nRUN cat /dev/fd/3 3<<three > /g\n3\nthree',
    without: newer,
    expected: { '/f': file('2\n'), '/g': file('3\n') },
  },
  {
    what: 'COPY of heredocs',
    file: 'FROM scratch\nENV v=x\nCOPY <<one <<"two" /o/\n1 $v\none\n2 $v\ntwo\nCOPY <<-EOF /f\n\tindented ${v:-y} "q"\n\tEOF',
    without: newer,
    expected: {
      '/o': directory(),
      '/o/one': file('1 x\n'),
      '/o/two': file('2 $v\n'),
      '/f': file('indented x "q"\n'),
      'config Env': '["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","v=x"]',
    },
  },
  {
    what: 'COPY of a heredoc with flags, beside a file',
    file: 'FROM scratch\nCOPY --chmod=755 --chown=1:2 <<run.sh a.txt /b/\n#!/bin/sh\nrun.sh\nADD <<EOF /plain\nEOF',
    without: newer,
    expected: {
      '/b': directory('755', '1:2'),
      '/b/run.sh': file('#!/bin/sh\n', '755', '1:2'),
      '/b/a.txt': file('a.txt\n', '755', '1:2'),
      '/plain': file(''),
    },
  },
  {
    what: 'a heredoc with comments, blanks and lines that look like instructions',
    file: 'FROM scratch\nCOPY <<EOF /f\n# no comment\n\nFROM x\n  back\\slash \\$v\nEOF',
    without: newer,
    expected: { '/f': file('# no comment\n\nFROM x\n  backslash $v\n') },
  },
];
