// ADD: archives are unpacked.
import { type Case, directory, file, newer } from './case.ts';

const tree = (top: string): Record<string, string> => ({
  [top]: directory(),
  [`${top}/dir`]: directory('755', '11:12'),
  [`${top}/dir/one.txt`]: file('dir/one.txt\n', '644', '11:12'),
  [`${top}/dir/two.txt`]: file('dir/two.txt\n', '644', '11:12'),
  [`${top}/dir/sub`]: directory('755', '11:12'),
  [`${top}/dir/sub/three.txt`]: file('dir/sub/three.txt\n', '644', '11:12'),
});

export const addCases: readonly Case[] = [
  { what: 'ADD unpacks tar', file: 'FROM scratch\nADD tree.tar /t/\nADD tree.tar.gz /z' },
  { what: 'ADD unpacks bzip2 and xz', file: 'FROM scratch\nADD tree.tar.bz2 /b/\nADD tree.tar.xz /x/' },
  {
    what: 'ADD unpacks zstd',
    file: 'FROM scratch\nADD tree.tar.zst /z/',
    without: newer,
    expected: tree('/z'),
  },
  { what: 'ADD knows archives by their content', file: 'FROM scratch\nADD archive.txt /t/\nADD fake.tar /f/' },
  { what: 'ADD of plain files', file: 'FROM scratch\nADD a.txt /a\nADD dir /d/' },
  { what: 'ADD of wildcards', file: 'FROM scratch\nADD *.sh [ab].txt /w/' },
  { what: 'ADD of a directory does not unpack what is in it', file: 'FROM scratch\nADD archives /t/' },
  {
    what: 'ADD unpacks over what is there',
    file: 'FROM BASE\nRUN mkdir -m 700 /t && echo old > /t/dir\nRUN rm /t/dir\nADD tree.tar /t',
  },
  { what: 'ADD into WORKDIR', file: 'FROM scratch\nWORKDIR /w\nADD a.txt tree.tar ./' },
  { what: 'ADD in exec form', file: 'FROM scratch\nADD ["with space.txt", "a.txt", "/to here/"]' },
  { what: 'ADD --chown of plain files', file: 'FROM scratch\nADD --chown=5:6 a.txt dir /d/' },
  {
    what: 'ADD --chmod',
    file: 'FROM scratch\nADD --chmod=600 a.txt /a\nADD --chmod=755 b.txt /d/',
    without: ['docker'],
  },
  {
    what: 'ADD --link',
    file: 'FROM scratch\nADD --link a.txt /l/a',
    without: newer,
    expected: { '/l': directory(), '/l/a': file('a.txt\n') },
  },
  {
    what: 'ADD --exclude',
    file: 'FROM scratch\nADD --exclude=sub --exclude=two.txt dir /l/',
    without: newer,
    expected: { '/l': directory(), '/l/one.txt': file('dir/one.txt\n') },
  },
  {
    what: 'ADD --unpack=true',
    file: 'FROM scratch\nADD --unpack=true archives/inner.tar /t/',
    without: newer,
    expected: { '/t': directory(), '/t/a.txt': file('a.txt\n', '644', '11:12') },
  },
  {
    what: 'ADD --unpack=false',
    file: 'FROM scratch\nADD --unpack=false fake.tar /t/\nADD --unpack=false --chown=1:2 fake.tar /u',
    without: newer,
    expected: { '/t': directory(), '/t/fake.tar': file('not a tar\n'), '/u': file('not a tar\n', '644', '1:2') },
  },
  { what: 'COPY does not unpack', file: 'FROM scratch\nCOPY tree.tar /t/' },
];
