// Python's docker package on Slipway's second door, unchanged. One script works through the package's calls and prints what it
// got as JSON, one line per subject; the tests say what that has to be.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestEngine } from '../support/slipway.ts';

const hasPackage = await new Promise<boolean>((resolve) =>
  execFile('python3', ['-c', 'import docker'], (error) => resolve(error === null)),
);

const script = `
import docker, io, json, socket, tarfile
client = docker.from_env(timeout=30)
def say(**facts): print(json.dumps(facts))
text = lambda value: value.decode()

say(run=text(client.containers.run('busybox', 'echo hi', remove=True, network_mode='none')))
try: client.containers.run('busybox', 'sh -c "echo why >&2; exit 3"', remove=True, network_mode='none')
except docker.errors.ContainerError as error: say(failed=[error.exit_status, text(error.stderr)])

box = client.containers.run('busybox', 'sh -c "echo one; echo two; exec sleep 600"', name='box', detach=True,
    labels={'color': 'red'}, environment={'X': '1'}, mem_limit='64m', network_mode='none')
follow = box.logs(stream=True, follow=True)
say(followed=[text(next(follow)), text(next(follow))])
say(tail=text(box.logs(tail=1)), listed=[c.name for c in client.containers.list(filters={'label': 'color=red'})])

code, output = box.exec_run('sh -c "echo $X; exit 4"')
say(executed=[code, text(output)], parted=[text(part) for part in box.exec_run('sh -c "echo o; echo e >&2"', demux=True).output])
say(terminal=text(box.exec_run('tty', tty=True).output))
connection = box.exec_run('cat', stdin=True, socket=True).output._sock
connection.sendall(b'through\\n')
connection.shutdown(socket.SHUT_WR)
say(piped=connection.makefile('rb').read()[8:].decode())

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode='w') as tar:
    entry = tarfile.TarInfo('note'); entry.size = 3
    tar.addfile(entry, io.BytesIO(b'abc'))
put = box.put_archive('/tmp', archive.getvalue())
chunks, stat = box.get_archive('/tmp/note')
say(put=put, stat=[stat['name'], stat['size']], got=text(tarfile.open(fileobj=io.BytesIO(b''.join(chunks))).extractfile('note').read()))

events = client.events(decode=True, filters={'container': 'box'})
box.pause(); box.unpause()
say(events=[next(events)['Action'] for _ in range(2)])
box.update(mem_limit='96m', memswap_limit='128m'); box.reload()
say(memory=box.attrs['HostConfig']['Memory'], limit=box.stats(stream=False)['memory_stats']['limit'])
box.remove(force=True)

reader = client.containers.create('busybox', 'sh -c "read line; echo got $line"', stdin_open=True, network_mode='none')
attached = reader.attach_socket(params={'stdin': 1, 'stdout': 1, 'stream': 1})
reader.start()
attached._sock.sendall(b'it\\n')
say(attached=[reader.wait(timeout=20)['StatusCode'], text(reader.logs())])
reader.remove()

image, _ = client.images.build(fileobj=io.BytesIO(b'FROM busybox\\nLABEL made=here\\n'), tag='made')
say(built=[image.tags, image.labels], images=sorted(tag for image in client.images.list() for tag in image.tags))

absent = []
for ask in (lambda: client.containers.get('absent'), lambda: client.images.get('absent'),
            lambda: client.networks.get('absent'), lambda: client.volumes.get('absent')):
    try: ask()
    except docker.errors.NotFound as error: absent.append(type(error).__name__)
say(absent=absent)
`;

describe("Python's docker package", { skip: hasPackage ? false : 'no python3-docker on this machine' }, () => {
  let engine: TestEngine;
  let facts: Record<string, unknown> = {};
  before(async () => {
    engine = await TestEngine.start();
    const env = { ...process.env, DOCKER_HOST: `unix://${join(engine.directory, 'docker.sock')}` };
    const output = await new Promise<string>((resolve, reject) =>
      execFile('python3', ['-c', script], { env, timeout: 50_000, killSignal: 'SIGKILL' }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      ),
    );
    facts = Object.assign(
      {},
      ...output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  const expected: Record<string, Record<string, unknown>> = {
    'runs containers to the end': { run: 'hi\n', failed: [3, 'why\n'] },
    'follows logs and lists by label': { followed: ['one\n', 'two\n'], tail: 'two\n', listed: ['box'] },
    'runs commands in containers': { executed: [4, '1\n'], parted: ['o\n', 'e\n'], terminal: '/dev/pts/0\r\n' },
    'talks through hijacked connections': { piped: 'through\n', attached: [0, 'got it\n'] },
    'moves archives both ways': { put: true, stat: ['note', 3], got: 'abc' },
    'streams events': { events: ['pause', 'unpause'] },
    'changes limits that statistics show': { memory: 96 << 20, limit: 96 << 20 },
    'builds and lists images': {
      built: [['made:latest'], { made: 'here' }],
      images: ['busybox:latest', 'made:latest'],
    },
    'knows what is absent': { absent: ['NotFound', 'ImageNotFound', 'NotFound', 'NotFound'] },
  };
  for (const [name, wanted] of Object.entries(expected)) {
    it(name, () => {
      const got = Object.fromEntries(Object.keys(wanted).map((key) => [key, facts[key]]));
      assert.deepEqual(got, wanted);
    });
  }
});
