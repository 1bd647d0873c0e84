// `.ci/install-packages` on a bare machine: dpkg's database is an empty one, the tools are the real ones.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

const tools = ['bash', 'dpkg-query', 'sed', 'grep', 'id'];
const nobody = 65534;
const whyNot =
  process.getuid?.() !== 0
    ? 'needs root, to become another user'
    : !existsSync('/usr/bin/dpkg-query') && 'no dpkg here';

describe('.ci/install-packages', { skip: whyNot }, () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'slipway-packages-'));
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, 'bin'));
    for (const tool of tools) symlinkSync(join('/usr/bin', tool), join(directory, 'bin', tool));
    cpSync(join(import.meta.dirname, '../.ci/install-packages'), join(directory, 'install-packages'));
    mkdirSync(join(directory, 'dpkg'));
    writeFileSync(join(directory, 'dpkg/status'), '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function install(uid: number, ...words: string[]) {
    return spawnSync('bash', [join(directory, 'install-packages'), ...words], {
      uid,
      encoding: 'utf8',
      env: { PATH: join(directory, 'bin'), DPKG_ADMINDIR: join(directory, 'dpkg') },
    });
  }

  it('names what is missing to a user without sudo', () => {
    const { status, stderr } = install(nobody, 'build');
    assert.equal(status, 1);
    const way =
      /not root, and sudo is not there or not allowed[\s\S]*apt-get install --no-install-recommends g\+\+ make /;
    assert.match(stderr, way);
    assert.doesNotMatch(stderr, /qemu/, 'what only tests need is not asked of who wants to start');
    assert.match(install(nobody).stderr, /qemu-system-x86/);
    writeFileSync(join(directory, 'bin/sudo'), '#!/usr/bin/bash\nexit 1\n', { mode: 0o755 });
    assert.match(install(nobody, 'build').stderr, way, 'sudo that refuses');
  });

  it('asks nobody when all is there', () => {
    const { stderr } = install(nobody, 'build');
    const packages = /--no-install-recommends (.*)/.exec(stderr)?.[1]?.split(' ') ?? [];
    const stanza = (name: string) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: x <x@example.com>\nVersion: 1\nDescription: x\n`;
    writeFileSync(join(directory, 'dpkg/status'), packages.map(stanza).join('\n'));
    const { status, stdout, stderr: silence } = install(nobody, 'build');
    assert.deepEqual([status, stdout, silence], [0, '', '']);
  });

  it('uses sudo where it is there, for the packages that are missing only', () => {
    writeFileSync(join(directory, 'bin/sudo'), '#!/usr/bin/bash\necho "as root: $*"\n', { mode: 0o755 });
    const { status, stdout } = install(nobody, 'build');
    assert.equal(status, 0);
    assert.match(
      stdout,
      /as root: apt-get update[\s\S]*as root: env DEBIAN_FRONTEND=noninteractive apt-get .* g\+\+ make/,
    );
  });
});
