// Devices that vendors describe in files (CDI), and --gpus, which stands for some of them.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseGpus } from '../../runtime/cli/options/values.ts';
import { TestEngine } from '../support/slipway.ts';

describe('devices', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-cdi-'));
  let engine: TestEngine;
  const describeVendor = (directory: string, name: string, content: object) => {
    mkdirSync(join(folder, directory), { recursive: true });
    writeFileSync(join(folder, directory, `${name}.json`), JSON.stringify({ cdiVersion: '0.6.0', ...content }));
  };
  const run = (...args: string[]) => engine.cli(['run', '--rm', '--network', 'none', ...args]);

  before(async () => {
    writeFileSync(join(folder, 'library'), 'of the vendor');
    describeVendor('etc', 'vendor', {
      kind: 'vendor.com/net',
      devices: [
        { name: 'old', containerEdits: { env: ['WHICH=etc'] } },
        {
          name: 'one',
          containerEdits: {
            env: ['ONE=1'],
            deviceNodes: [
              { path: '/dev/one', hostPath: '/dev/zero' },
              { path: '/dev/notes', hostPath: '/dev/kmsg', permissions: 'r' },
            ],
            additionalGids: [77],
          },
        },
      ],
      containerEdits: {
        env: ['ALL=yes'],
        mounts: [{ hostPath: join(folder, 'library'), containerPath: '/library', options: ['ro', 'bind'] }],
        hooks: [{ hookName: 'createContainer', path: '/bin/touch', args: ['touch', join(folder, 'hooked')] }],
      },
    });
    const yaml = [
      'kind: vendor.com/yaml',
      'devices:',
      '- name: "0"',
      '  containerEdits:',
      '    env: [YAML=read]',
      '    deviceNodes: [{path: /dev/zero0, hostPath: /dev/zero, fileMode: 0o640}]',
    ];
    writeFileSync(join(folder, 'etc/vendor.yaml'), ['---', 'cdiVersion: 0.6.0', ...yaml, ''].join('\n'));
    describeVendor('run', 'vendor', {
      kind: 'vendor.com/net',
      devices: [{ name: 'old', containerEdits: { env: ['WHICH=run'] } }],
    });
    writeFileSync(join(folder, 'run/broken.json'), '{');
    const args = ['etc', 'run'].flatMap((name) => ['--cdi-spec-dir', join(folder, name)]);
    engine = await TestEngine.start({ args });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('give what their files say: variables, nodes, mounts, groups and hooks', async () => {
    const script = 'echo $ONE $ALL; cat /library; head -c 2 /dev/one | wc -c; id -G; : > /dev/notes';
    const { code, stdout, stderr } = await run('--device', 'vendor.com/net=one', 'busybox', 'sh', '-c', script);
    assert.equal(stdout, '1 yes\nof the vendor2\n0 77\n', stderr);
    assert.notEqual(code, 0, 'this node may not be written to');
    assert.ok(existsSync(join(folder, 'hooked')));
  });

  it('are described in YAML as well', async () => {
    const { stdout, stderr } = await run(
      '--device',
      'vendor.com/yaml=0',
      'busybox',
      'sh',
      '-c',
      'echo $YAML; stat -c %a /dev/zero0',
    );
    assert.equal(stdout, 'read\n640\n', stderr);
  });

  it('are looked for where the engine says', async () => {
    const { CDISpecDirs } = await engine.client.call('system.info', {});
    assert.deepEqual(CDISpecDirs, [join(folder, 'etc'), join(folder, 'run')]);
  });

  it('are those of the last directory that knows them', async () => {
    const { stdout } = await run('--device', 'vendor.com/net=old', 'busybox', 'sh', '-c', 'echo $WHICH');
    assert.equal(stdout, 'run\n');
  });

  it('that nobody knows are named', async () => {
    const { code, stderr } = await run('--device', 'vendor.com/net=none', 'busybox', 'true');
    assert.equal(code, 125);
    assert.match(stderr, /CDI device injection failed: unresolvable CDI devices vendor.com\/net=none/);
  });

  it('--gpus is refused in Docker’s words with no driver, and stands for a vendor’s devices where there are files', async () => {
    const { code, stderr } = await run('--gpus', 'all', 'busybox', 'true');
    assert.equal(code, 125);
    assert.match(stderr, /could not select device driver "" with capabilities: \[\[gpu\]\]/);
    describeVendor('run', 'gpus', {
      kind: 'nvidia.com/gpu',
      devices: ['0', '1'].map((name) => ({ name, containerEdits: { env: [`GPU${name}=yes`] } })),
    });
    const script = 'echo $GPU0,$GPU1';
    for (const [gpus, shown] of [
      ['all', 'yes,yes'],
      ['1', 'yes,'],
      ['device=1', ',yes'],
      ['"device=0,1"', 'yes,yes'],
    ] as const)
      assert.equal((await run('--gpus', gpus, 'busybox', 'sh', '-c', script)).stdout, `${shown}\n`, gpus);
  });
});

it('--gpus is read as Docker reads it', () => {
  const gpu = { Driver: '', Count: 0, Capabilities: [['gpu']], Options: {} };
  for (const [text, request] of [
    ['all', { ...gpu, Count: -1 }],
    ['2', { ...gpu, Count: 2 }],
    ['device=GPU-1', { ...gpu, DeviceIDs: ['GPU-1'] }],
    ['"device=0,1"', { ...gpu, DeviceIDs: ['0', '1'] }],
    [
      'driver=nvidia,"capabilities=compute,utility",count=3',
      { ...gpu, Driver: 'nvidia', Count: 3, Capabilities: [['compute', 'utility', 'gpu']] },
    ],
    ['driver=x,"options=a=b,c"', { ...gpu, Driver: 'x', Count: 1, Options: { a: 'b', c: '' } }],
  ] as const)
    assert.deepEqual(parseGpus(text), request, text);
  for (const text of ['many', 'count=1,count=2', 'color=red']) assert.throws(() => parseGpus(text), text);
});
