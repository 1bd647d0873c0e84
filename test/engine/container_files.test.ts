// Files of containers: cp both ways, export, diff, commit, and the editors' file methods.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { writeTar } from '../../runtime/image/tar_writer.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { TestEngine } from '../support/slipway.ts';

describe("a container's files", () => {
  let engine: TestEngine;
  let id: string;
  before(async () => {
    engine = await TestEngine.start();
    id = await engine.start({
      Name: 'files',
      Config: {
        Cmd: [
          'sh',
          '-c',
          'mkdir /d /d/sub; echo one > /d/a; echo two > /d/sub/b; ln -s /etc/passwd /link; rm /bin/vi; exec sleep 600',
        ],
      },
    });
    await engine.exec(id, ['sh', '-c', 'until [ -L /link ] && [ ! -e /bin/vi ]; do :; done']);
  });
  after(() => engine[Symbol.asyncDispose]());

  const scratch = () => mkdtempSync(join(engine.directory, 'cp-'));
  const cp = async (...args: string[]) => {
    const result = await engine.cli(['cp', '-q', ...args]);
    assert.equal(result.code, 0, result.stderr);
  };

  it('cp takes a file out: into a directory, or under a new name', async () => {
    const directory = scratch();
    await cp('files:/d/a', directory);
    await cp('files:/d/a', join(directory, 'renamed'));
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'one\n');
    assert.equal(readFileSync(join(directory, 'renamed'), 'utf8'), 'one\n');
  });

  it('cp takes a directory out, or what is in it', async () => {
    const directory = scratch();
    await cp('files:/d', directory);
    await cp('files:/d/.', directory);
    await cp('files:/d', join(directory, 'new'));
    for (const path of ['d/sub/b', 'sub/b', 'new/sub/b'])
      assert.equal(readFileSync(join(directory, path), 'utf8'), 'two\n');
  });

  it('cp brings files and directories in, and obeys links inside the container only', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'file'), 'from outside\n');
    mkdirSync(join(directory, 'tree'));
    writeFileSync(join(directory, 'tree/leaf'), 'leaf\n');
    await engine.exec(id, ['ln', '-s', '/', '/up']);
    await cp(join(directory, 'file'), 'files:/d/in');
    await cp(join(directory, 'tree'), 'files:/d');
    await cp(join(directory, 'file'), 'files:/up/../../../landed');
    const { stdout } = await engine.exec(id, ['cat', '/d/in', '/d/tree/leaf', '/landed']);
    assert.equal(stdout, 'from outside\nleaf\nfrom outside\n');
  });

  it('many bring in the same file at once, and none fails', async () => {
    const archive = await buffer(writeTar([], [{ name: 'same', size: 4, content: [Buffer.from('same')] }], 0));
    const put = async () => {
      const { socket, outcome } = await engine.client.stream('container.archivePut', { Container: id, Path: '/d' });
      socket.resume();
      socket.end(archive);
      await outcome;
    };
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 8 }, put));
    assert.equal((await engine.exec(id, ['cat', '/d/same'])).stdout, 'same');
    await engine.exec(id, ['rm', '/d/same']);
  });

  it('cp works on a stopped container too', async () => {
    const stopped = await engine.create({ Name: 'stopped', Config: { Cmd: ['true'] } });
    const directory = scratch();
    writeFileSync(join(directory, 'x'), 'x\n');
    await cp(join(directory, 'x'), 'stopped:/x');
    await cp('stopped:/x', join(directory, 'y'));
    assert.equal(readFileSync(join(directory, 'y'), 'utf8'), 'x\n');
    await engine.client.call('container.remove', { Container: stopped });
  });

  it('diff tells what was added, changed and removed, and nothing else', async () => {
    const { stdout } = await engine.cli(['diff', 'files']);
    const lines = stdout.trim().split('\n');
    for (const line of ['A /d', 'A /d/a', 'A /link', 'C /bin', 'D /bin/vi'])
      assert.ok(lines.includes(line), `${line} in ${stdout}`);
    assert.ok(!lines.some((line) => /hosts|resolv|\/proc|\/dev/.test(line)), stdout);
  });

  it('commit makes an image that has the changes and the new config', async () => {
    const { stdout, code, stderr } = await engine.cli([
      'commit',
      '-c',
      'ENV ADDED=1',
      '-c',
      'CMD ["cat", "/d/a"]',
      '-m',
      'note',
      'files',
      'committed:v1',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
    const run = await engine.cli([
      'run',
      '--rm',
      '--network',
      'none',
      'committed:v1',
      'sh',
      '-c',
      'cat /d/a; echo $ADDED; ls /bin/vi',
    ]);
    assert.equal(run.stdout, 'one\n1\n');
  });

  it('export gives the whole tree', async () => {
    const { socket, outcome } = await engine.client.stream('container.export', { Container: id });
    socket.end();
    const archive = await text(socket);
    await outcome;
    assert.match(archive, /d\/sub\/b/);
    assert.match(archive, /bin\/busybox/);
  });

  it('the file methods list, read, write, rename, copy and remove', async () => {
    const Root = { Container: id };
    const write = async (Path: string, content: string) => {
      const { socket, outcome } = await engine.client.stream('file.write', {
        Root,
        Path,
        Create: true,
        Overwrite: true,
      });
      socket.resume();
      socket.end(content);
      return await outcome;
    };
    assert.equal((await write('/d/made', 'hello')).Size, 5);
    await engine.client.call('file.createDirectory', { Root, Path: '/d/more' });
    await engine.client.call('file.copy', { Root, Path: '/d/made', To: '/d/more/copy' });
    await engine.client.call('file.rename', { Root, Path: '/d/made', To: '/d/moved' });
    const { socket } = await engine.client.stream('file.read', { Root, Path: '/d/more/copy' });
    assert.equal(await text(socket), 'hello');
    const names = (await engine.client.call('file.list', { Root, Path: '/d' })).map(({ Name }) => Name);
    assert.ok(names.includes('moved') && names.includes('more') && !names.includes('made'));
    const link = await engine.client.call('file.stat', { Root, Path: '/link' });
    assert.deepEqual(
      { Type: link.Type, Target: link.Target, TargetType: link.TargetType },
      { Type: 'link', Target: '/etc/passwd', TargetType: 'file' },
    );
    await engine.client.call('file.remove', { Root, Path: '/d/more', Recursive: true });
    await assert.rejects(engine.client.call('file.stat', { Root, Path: '/d/more' }), (error) =>
      isEngineError(error, 'NotFound'),
    );
  });

  it('the file methods never leave the container, and change no image', async () => {
    const secret = join(scratch(), 'secret');
    writeFileSync(secret, 'secret');
    symlinkSync(secret, join(engine.directory, 'unused'));
    await engine.exec(id, ['ln', '-s', secret, '/d/out']);
    const { socket, outcome } = await engine.client.stream('file.read', { Root: { Container: id }, Path: '/d/out' });
    assert.equal(await text(socket), '');
    await assert.rejects(outcome, (error) => isEngineError(error, 'NotFound'));
    await assert.rejects(engine.client.call('file.remove', { Root: { Image: 'busybox' }, Path: '/bin' }), (error) =>
      isEngineError(error, 'PermissionDenied'),
    );
    assert.ok(
      (await engine.client.call('file.list', { Root: { Image: 'busybox', Layer: 0 }, Path: '/' })).some(
        ({ Name }) => Name === 'bin',
      ),
    );
  });

  it('leaves no mount of a stopped container behind', async () => {
    await engine.client.call('container.remove', { Container: id, Force: true });
    assert.deepEqual(engine.mounts(), []);
  });
});
