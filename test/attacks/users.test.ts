// Odd user strings and hostile user databases: CVE-2024-40635 (numbers that wrap around to root), CVE-2026-30892 (`exec -u 1`
// taken for 0), CVE-2026-46680 (a number too large looked up as a name), CVE-2024-9676 (the image's /etc/passwd a symlink to
// the host's, or a pipe), CVE-2026-47262 (a database so large that reading it exhausts memory).
//
// How a naive runtime fails here: strtol/atoi and a cast to uid_t make 4294967296 user 0; fopen("<rootfs>/etc/passwd")
// follows the link to the host's file and blocks on a pipe; reading the whole file or line into memory needs gigabytes.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ociConfig } from '../support/oci_bundle.ts';
import { OciRuntime, slipwayOci } from '../support/oci_runtime.ts';

describe('users', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  let runtime: OciRuntime;
  let id = '';
  let etc = '';
  before(() => {
    runtime = new OciRuntime();
    id = runtime.start(ociConfig(['sleep', '1000']));
    etc = join(runtime.directory, 'bundles', id, 'rootfs/etc');
  });
  after(() => runtime[Symbol.dispose]());

  // With little address space and time: hostile files must cost neither.
  function execAs(user: string) {
    const command = `ulimit -v 262144; exec "$0" "$@"`;
    const args = ['--root', join(runtime.directory, 'state'), 'exec', '--user', user, id, 'id'];
    return spawnSync('sh', ['-c', command, slipwayOci, ...args], { encoding: 'utf8', timeout: 20_000 });
  }
  function database(text: string): void {
    rmSync(join(etc, 'passwd'), { recursive: true, force: true });
    writeFileSync(join(etc, 'passwd'), text);
  }

  test('numbers are taken as they are', () => {
    database('root:x:0:0:root:/root:/bin/sh\n');
    assert.match(execAs('1').stdout, /^uid=1 gid=0/);
    assert.match(execAs('1:2').stdout, /^uid=1 gid=2/);
    assert.match(execAs('4294967294:4294967294').stdout, /^uid=4294967294 gid=4294967294/);
    assert.match(execAs('0').stdout, /^uid=0/);
  });

  const wrong = [
    '4294967296',
    '4294967297',
    '18446744073709551616',
    '9223372036854775808',
    '-1',
    '-4294967296',
    '+0',
    ' 0',
    '0x0',
  ];
  for (const user of [...wrong, '0:4294967296', '1:-1', '4294967295', '1:4294967295', '1e1', '00a', ':', '1:2:3'])
    test(`the user '${user}' is refused, and never root`, () => {
      database('root:x:0:0:root:/root:/bin/sh\n');
      const result = execAs(user);
      assert.notEqual(result.status, 0, `it ran: ${result.stdout}`);
      assert.equal(result.stdout, '');
    });

  test('a number too large is no name, whatever the image’s database says', () => {
    database('4294967296:x:0:0::/:/bin/sh\n-1:x:0:0::/:/bin/sh\n');
    for (const user of ['4294967296', '-1']) assert.notEqual(execAs(user).status, 0);
  });

  test('ids in the database that do not fit are refused', () => {
    for (const ids of ['4294967296:0', '-1:0', '18446744073709551616:0', '0x0:0', ':0', '99999999999999999999999:0']) {
      database(`evil:x:${ids}::/:/bin/sh\n`);
      const result = execAs('evil');
      assert.doesNotMatch(result.stdout, /uid=0/, ids);
      assert.notEqual(result.status, 0, ids);
    }
  });

  test('a database that links to the host’s is not the host’s', () => {
    const host = join(runtime.directory, 'host-passwd');
    writeFileSync(host, 'hostuser:x:4242:4242::/:/bin/sh\n');
    for (const link of [host, `../../../../../../../..${host}`, '/proc/1/root/etc/passwd']) {
      rmSync(join(etc, 'passwd'), { force: true });
      symlinkSync(link, join(etc, 'passwd'));
      const result = execAs('hostuser');
      assert.notEqual(result.status, 0, link);
      assert.equal(result.stdout, '', link);
    }
  });

  test('a pipe, a directory, a device instead of the database: no hanging', () => {
    const passwd = join(etc, 'passwd');
    rmSync(passwd, { force: true });
    execFileSync('mkfifo', [passwd]);
    assert.notEqual(execAs('somebody').status, 0);
    assert.equal(execAs('somebody').signal, null, 'it hung');
    rmSync(passwd);
    mkdirSync(passwd);
    assert.notEqual(execAs('somebody').status, 0);
    rmSync(passwd, { recursive: true });
    execFileSync('mknod', [passwd, 'c', '1', '5']); // /dev/zero: no end
    const endless = execAs('somebody');
    assert.equal(endless.signal, null, 'it hung');
    assert.notEqual(endless.status, 0);
  });

  test('a database of gigabytes, in one line or in many, is read within bounds', () => {
    const passwd = join(etc, 'passwd');
    rmSync(passwd, { recursive: true, force: true });
    writeFileSync(passwd, 'root:x:0:0::/:/bin/sh\n');
    truncateSync(passwd, 4 * 1024 ** 3); // one line of zeros
    const oneLine = execAs('somebody');
    assert.equal(oneLine.signal, null, 'it hung');
    assert.notEqual(oneLine.status, 0);
    database('user:x:1:1::/:/bin/sh\n'.repeat(3_000_000));
    const manyLines = execAs('somebody');
    assert.equal(manyLines.signal, null, 'it hung');
    assert.notEqual(manyLines.status, 0);
    // A number needs no database at all.
    assert.match(execAs('7:7').stdout, /^uid=7 gid=7/);
  });
});
