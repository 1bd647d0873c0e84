import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { emptyRunOptions, parseSize, quoteForShell, runArguments, runCommandLine, splitCommand } from './options.ts';

test('every choice becomes the flag that docker run has for it', () => {
  const args = runArguments({
    ...emptyRunOptions('nginx'),
    name: 'http',
    command: 'nginx -g "daemon off;"',
    ports: [
      { address: '', host: '8080', container: '80', protocol: 'tcp' },
      { address: '::1', host: '53', container: '53', protocol: 'udp' },
      { address: '', host: '', container: '443', protocol: 'tcp' },
    ],
    volumes: [
      { source: '/tmp/nginx', target: '/usr/share/nginx/html', readOnly: true },
      { source: '', target: '/cache', readOnly: false },
    ],
    environment: [{ name: 'TEST', value: 'new' }],
    memory: '512m',
    restart: 'unless-stopped',
  });
  assert.deepEqual(args, [
    'run',
    '-d',
    ...['--name', 'http'],
    ...['-p', '8080:80', '-p', '[::1]:53:53/udp', '-p', '443'],
    ...['-v', '/tmp/nginx:/usr/share/nginx/html:ro', '-v', '/cache'],
    ...['-e', 'TEST=new', '--memory', '512m', '--restart', 'unless-stopped'],
    ...['nginx', 'nginx', '-g', 'daemon off;'],
  ]);
});

test('the command line means the same to a shell', () => {
  const options = { ...emptyRunOptions('busybox'), environment: [{ name: 'A', value: `it's "$HOME" \\ *` }] };
  const printed = execFileSync('sh', ['-c', `printf '%s\\n' ${runCommandLine(options)}`], { encoding: 'utf8' });
  assert.deepEqual(printed.split('\n').slice(1, -1), runArguments(options));
});

test('words are split as a shell splits them', () => {
  for (const text of [`a 'b c' "d \\"e\\" \\x" f\\ g ''`, '', '  x  ', `"a"'b'c`]) {
    const printed = execFileSync('sh', ['-c', `for word in ${text}; do printf '%s\\n' "$word"; done`], {
      encoding: 'utf8',
    });
    assert.deepEqual(splitCommand(text), printed.split('\n').slice(0, -1));
  }
  assert.throws(() => splitCommand(`echo "x`), /quote " is not closed/);
});

test('words are quoted only where they must be', () => {
  assert.equal(quoteForShell('a=b:/c,d'), 'a=b:/c,d');
  assert.equal(quoteForShell("it's"), `'it'\\''s'`);
  assert.equal(quoteForShell(''), "''");
});

test('sizes are read as Docker reads them', () => {
  assert.equal(parseSize('100000'), 100_000);
  assert.equal(parseSize('512m'), 512 * 1024 ** 2);
  assert.equal(parseSize('1.5GB'), 1.5 * 1024 ** 3);
  assert.equal(parseSize('64kib'), 65_536);
  assert.equal(parseSize('7b'), 7);
  assert.throws(() => parseSize('lots'), /“lots”/);
});
