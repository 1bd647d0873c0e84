// The engine of an ordinary user: root in a user namespace of its own, and nowhere else.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../support/registry.ts';
import { RootlessUser, whyNoRootlessUser } from '../support/rootless_user.ts';

/** What comes back of a word sent there. */
async function echoed(host: string, port: number): Promise<string> {
  const socket = connect({ host, port }, () => socket.write('word'));
  try {
    return String((await once(socket, 'data'))[0]);
  } finally {
    socket.destroy();
  }
}

async function echoedDatagram(host: string, port: number): Promise<string> {
  const socket = createSocket('udp4');
  socket.send('word', port, host);
  try {
    return String((await once(socket, 'message'))[0]);
  } finally {
    socket.close();
  }
}

describe('rootless', { skip: whyNoRootlessUser() ?? false, timeout: 120_000 }, () => {
  let user: RootlessUser;
  let folder = '';
  const as = (line: string) => user.as(line);
  before(() => {
    user = new RootlessUser('slipway-test');
    folder = user.folder;
    mkdirSync(join(folder, 'context'));
    writeFileSync(join(folder, 'context/Dockerfile'), 'FROM busybox\nRUN id -u > /made && chown 7:8 /made\n');
  });
  after(() => user[Symbol.dispose]());

  it('says that it is', () => {
    assert.equal(as("info --format '{{.Rootless}}'").stdout, 'true\n');
  });

  it('runs containers as root of ids that are the user’s and the subordinate ones', () => {
    const { stdout, stderr } = as('run --rm --network none busybox sh -c "id -u; cat /proc/self/uid_map; touch /new"');
    const [id, first] = stdout.split('\n');
    assert.equal(id, '0', stderr);
    const uid = execFileSync('id', ['-u', user.name], { encoding: 'utf8' }).trim();
    assert.deepEqual(first?.trim().split(/ +/), ['0', uid, '1']);
  });

  it('keeps the limits that it can, and says which it drops', () => {
    const missing = as("info --format '{{.MemoryLimit}} {{.PidsLimit}}'").stdout === 'false false\n';
    const { code, stdout, stderr } = as('run --rm --network none -m 64m --pids-limit 9 busybox echo runs');
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'runs\n');
    const warnings = [...stderr.matchAll(/^WARNING: Your kernel does not support (\w+ limit) .* discarded\.$/gm)];
    assert.deepEqual(
      warnings.map(([, limit]) => limit),
      missing ? ['memory limit', 'PIDs limit'] : [],
    );
  });

  it('has networks with names between containers', () => {
    assert.equal(as('network create quay').code, 0);
    assert.equal(as('run -d --name other --network quay busybox sleep 1000').code, 0);
    const { code, stderr } = as('run --rm --network quay busybox ping -c 1 -w 5 other');
    assert.equal(code, 0, stderr);
  });

  it('builds, with owners of its own', () => {
    const { code, stderr } = as(`build -t made ${folder}/context`);
    assert.equal(code, 0, stderr);
    const shown = as(`run --rm --network none made sh -c 'cat /made; stat -c %u:%g /made'`);
    assert.equal(shown.stdout, '0\n7:8\n');
  });

  it('finds its containers again after its helper was killed', () => {
    user.killHelper();
    const { stdout, stderr } = as("ps --format '{{.Names}} {{.State}}'");
    assert.equal(stdout, 'other running\n', stderr);
    assert.equal(as('exec other echo still').stdout, 'still\n');
    assert.equal(as('rm -f other').code, 0);
  });

  describe('published ports', () => {
    const echo = `
      require('net').createServer((s) => s.pipe(s)).listen(7);
      const u = require('dgram').createSocket('udp4').on('message', (m, r) => u.send(m, r.port, r.address));
      u.bind(7, () => console.log('up'));`;
    const node = ['/lib:/lib:ro', '/lib64:/lib64:ro', `${process.execPath}:/node:ro`]
      .map((bind) => `-v ${bind}`)
      .join(' ');
    let [any, local, udp] = [0, 0, 0];

    before(async () => {
      [any, local, udp] = [await freePort(), await freePort(), await freePort()];
      writeFileSync(join(folder, 'echo.js'), echo);
      const ports = `-p ${any}:7 -p 127.0.0.1:${local}:7 -p ${udp}:7/udp`;
      const { code, stderr } = as(`run -d --name echo ${ports} ${node} -v ${folder}:/f:ro busybox /node /f/echo.js`);
      assert.equal(code, 0, stderr);
      assert.equal(stderr, '');
      assert.equal(as('logs -f echo | head -n 1').stdout, 'up\n');
    });
    const reachable = async () => {
      assert.equal(await echoed('127.0.0.1', any), 'word');
      assert.equal(await echoed('127.0.0.2', any), 'word', 'another address of the machine');
      assert.equal(await echoed('127.0.0.1', local), 'word');
      assert.equal(await echoedDatagram('127.0.0.1', udp), 'word');
    };

    it('are reached from the machine, by TCP and by UDP', reachable);
    it('are open on the asked address alone', async () => {
      await assert.rejects(echoed('127.0.0.2', local), { code: 'ECONNREFUSED' });
    });
    it('are the machine’s own: what is taken there is refused, and so are privileged ones', async () => {
      await using server = createServer().listen(0);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo; // of a TCP server
      const taken = as(`run --rm -p ${port}:7 busybox true`);
      assert.equal(taken.code, 125);
      assert.match(taken.stderr, new RegExp(`cannot publish 0.0.0.0:${port}: port is already allocated`));
      assert.match(as(`run --rm -p 127.0.0.1:7:7 busybox true`).stderr, /ports below 1024 need privileges/);
      assert.match(
        as('run --rm -p 7:7/sctp busybox true').stderr,
        /port 7.sctp: a rootless engine passes on TCP and UDP/,
      );
    });
    it('are there again after the helper was killed', async () => {
      user.killHelper();
      assert.equal(as('ps -q').code, 0);
      await reachable();
    });
    it('are given back', async () => {
      assert.equal(as('rm -f echo').code, 0);
      await assert.rejects(echoed('127.0.0.1', any), { code: 'ECONNREFUSED' });
    });
  });

  it('mounts nothing where others see it', () => {
    assert.doesNotMatch(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(`${folder}|/home/${user.name}`));
  });
});

/** A machine with an address, and its neighbour: two network namespaces. */
class Neighbours implements Disposable {
  readonly #holders = ['machine', 'neighbour'].map(() =>
    spawn('unshare', ['--net', 'sh', '-c', 'echo; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );

  async join(): Promise<void> {
    await Promise.all(this.#holders.map(({ stdout }) => stdout !== null && once(stdout, 'data')));
    this.inMachine('ip link set lo up');
    this.inMachine(`ip link add eth0 type veth peer name eth0 netns ${this.#holders[1]?.pid}`);
    this.inMachine('ip addr add 10.77.0.1/24 dev eth0; ip link set eth0 up');
    this.inNeighbour('ip addr add 10.77.0.2/24 dev eth0; ip link set eth0 up');
    this.inMachine('ip route add default via 10.77.0.2');
  }

  enter(which: 0 | 1): [string, ...string[]] {
    return ['nsenter', '--net', '--target', String(this.#holders[which]?.pid)];
  }

  #run([program, ...words]: [string, ...string[]], script: string): string {
    return execFileSync(program, [...words, 'sh', '-ec', script], { encoding: 'utf8', timeout: 20_000 });
  }

  inMachine(script: string): string {
    return this.#run(this.enter(0), script);
  }

  inNeighbour(script: string): string {
    return this.#run(this.enter(1), script);
  }

  [Symbol.dispose](): void {
    for (const holder of this.#holders) holder.kill();
  }
}

const whyNoWay =
  whyNoRootlessUser() ?? (spawnSync('pasta', ['--version']).status === 0 ? undefined : 'there is no pasta') ?? false;

it('rootless, a container reaches others on the network, and they reach its ports', { skip: whyNoWay }, async () => {
  using neighbours = new Neighbours();
  await neighbours.join();
  using user = new RootlessUser('slipway-test-net', neighbours.enter(0));
  const serve = (word: string) => `sh -c 'echo ${word} > /tmp/index.html; exec httpd -f -p 80 -h /tmp'`;
  assert.equal(user.as(`run -d --name web -p 8080:80 busybox ${serve('inside')}`).code, 0);
  assert.equal(neighbours.inNeighbour('busybox wget -qO- http://10.77.0.1:8080/'), 'inside\n');
  const pid = neighbours.inNeighbour(
    `cd ${user.folder}; echo outside > index.html; busybox httpd -f -p 80 </dev/null >/dev/null 2>&1 & echo $!`,
  );
  const { stdout, stderr } = user.as('run --rm busybox wget -qO- http://10.77.0.2/');
  process.kill(Number(pid));
  assert.equal(stdout, 'outside\n', stderr);
});
