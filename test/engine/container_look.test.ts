// Looking at containers from the command line: ps, inspect, logs, top, stats, port, exec, attach, events, info.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestEngine } from '../support/slipway.ts';

describe('looking at containers', () => {
  let engine: TestEngine;
  let id: string;
  before(async () => {
    engine = await TestEngine.start();
    id = await engine.start({
      Name: 'web',
      Config: {
        Cmd: ['sh', '-c', 'echo first; echo second >&2; echo third; exec sleep 600'],
        Labels: { team: 'a', tier: 'front' },
        Env: ['X=1'],
      },
    });
    await engine.create({ Name: 'idle', Config: { Cmd: ['true'], Labels: { team: 'b' } } });
    const { socket } = await engine.client.stream('container.logs', {
      Container: id,
      Stdout: true,
      Stderr: true,
      Follow: true,
    });
    let seen = '';
    for await (const chunk of socket) {
      seen += String(chunk);
      if (seen.includes('third')) break;
    }
  });
  after(() => engine[Symbol.asyncDispose]());

  const out = async (...args: string[]) => {
    const { code, stdout, stderr } = await engine.cli(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  it('ps shows what runs in columns, -a all, -q ids', async () => {
    const [heading = '', row = '', ...more] = (await out('ps')).trimEnd().split('\n');
    assert.match(heading, /^CONTAINER ID {3}IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
    assert.match(row, new RegExp(`^${id.slice(0, 12)} +busybox +"sh -c 'echo first; …" +.* ago +Up .* web$`));
    assert.deepEqual(more, []);
    assert.equal((await out('ps', '-aq')).trimEnd().split('\n').length, 2);
    assert.equal(await out('ps', '-q', '--no-trunc'), `${id}\n`);
  });

  it('ps filters and formats', async () => {
    assert.equal(await out('ps', '-a', '--format', '{{.Names}}', '--filter', 'label=team'), 'idle\nweb\n');
    assert.equal(
      await out('ps', '-a', '--format', '{{.Names}}|{{.State}}', '--filter', 'status=created'),
      'idle|created\n',
    );
    assert.equal(
      await out('ps', '--format', 'table {{.Names}}\t{{.Label "tier"}}'),
      'NAMES     tier\nweb       front\n',
    );
    assert.equal(JSON.parse(await out('ps', '--format', 'json')).Names, 'web');
    assert.equal((await engine.cli(['ps', '--filter', 'nonsense=1'])).code, 1);
  });

  it('inspect gives the whole, or what a template asks for', async () => {
    const [whole] = JSON.parse(await out('inspect', 'web')) as [{ Id: string; Config: { Env: string[] } }];
    assert.equal(whole.Id, id);
    assert.ok(whole.Config.Env.includes('X=1'));
    assert.equal(
      await out(
        'inspect',
        '-f',
        '{{.State.Running}} {{index .Config.Labels "team"}} {{len .Config.Cmd}}',
        id.slice(0, 6),
      ),
      'true a 3\n',
    );
    assert.equal(
      await out('inspect', '-f', '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}', 'web'),
      'team=a;tier=front;\n',
    );
    const missing = await engine.cli(['inspect', 'nobody']);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /No such object: nobody/);
  });

  it('logs: both streams, tail, since, timestamps', async () => {
    const both = await engine.cli(['logs', 'web']);
    assert.equal(both.stdout, 'first\nthird\n');
    assert.equal(both.stderr, 'second\n');
    // Of two pipes the order is nobody's: tail is tried on one.
    const { id: plain } = await engine.run('echo a; echo b; echo c');
    assert.equal(await out('logs', '--tail', '1', plain), 'c\n');
    assert.match(await out('logs', '-t', '-n', '1', plain), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z c\n$/);
    await engine.client.call('container.remove', { Container: plain });
    assert.equal(await out('logs', '--since', '2099-01-01', 'web'), '');
    assert.equal(await out('logs', '--until', '1h', 'web'), '');
  });

  it('logs -f ends with the container', async () => {
    const short = await engine.start({ Config: { Cmd: ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done'] } });
    assert.equal(await out('logs', '-f', short), '1\n2\n3\n');
    await engine.client.call('container.remove', { Container: short });
  });

  it('a rotated log is read as one', async () => {
    const { id: rotated } = await engine.run('i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done', {
      HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '64k', 'max-file': '10' } } },
    });
    const lines = (await engine.logs(rotated)).stdout.trimEnd().split('\n');
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [3000, 'line 0', 'line 2999']);
    assert.equal((await engine.logs(rotated, { Tail: '1500' })).stdout.split('\n')[0], 'line 1500');
    await engine.client.call('container.remove', { Container: rotated });
  });

  it('top lists its processes', async () => {
    const [titles = '', row = ''] = (await out('top', 'web', '-o', 'pid,comm')).split('\n');
    assert.match(titles, /^PID +COMMAND$/);
    assert.match(row, /^\d+ +sleep$/);
  });

  it('stats shows what it uses', async () => {
    const [reading] = JSON.parse(`[${(await out('stats', '--no-stream', '--format', 'json', 'web')).trim()}]`) as [
      Record<string, string>,
    ];
    assert.equal(reading?.['Name'], 'web');
    assert.equal(reading?.['PIDs'], '1');
    assert.match(reading?.['MemUsage'] ?? '', /^[\d.]+(?:Ki|Mi)?B \/ [\d.]+GiB$/);
  });

  it('exec passes streams and codes, user and directory', async () => {
    const result = await engine.cli(
      ['exec', '-i', '-u', '7', '-w', '/tmp', '-e', 'Y=2', 'web', 'sh', '-c', 'cat; id -u; pwd; echo $X$Y; exit 9'],
      { input: 'typed\n' },
    );
    assert.deepEqual([result.code, result.stdout], [9, 'typed\n7\n/tmp\n12\n']);
    assert.equal((await engine.cli(['exec', 'web', 'no-such'])).code, 127);
    assert.equal((await engine.cli(['exec', 'idle', 'true'])).code, 1);
    assert.equal((await engine.cli(['exec', '-d', 'web', 'touch', '/made'])).code, 0);
  });

  it('a terminal has the size that it was given, and follows changes', async () => {
    const { Id } = await engine.client.call('exec.create', {
      Container: id,
      Cmd: ['sh', '-c', 'stty size; read x; stty size'],
      Tty: true,
      AttachStdin: true,
    });
    const { socket, outcome } = await engine.client.stream('exec.start', { Exec: Id, Height: 33, Width: 111 });
    let text = '';
    let resized = false;
    for await (const chunk of socket) {
      text += String(chunk);
      if (/33 111/.test(text) && !resized) {
        resized = true;
        await engine.client.call('exec.resize', { Exec: Id, Height: 44, Width: 99 });
        socket.write('\n');
      }
    }
    assert.match(text, /33 111[\s\S]*44 99/);
    assert.equal((await outcome).ExitCode, 0);
  });

  it('the detach keys leave it running', async () => {
    const shell = await engine.create({ Config: { Cmd: ['sh'], Tty: true, OpenStdin: true } });
    const { socket, outcome } = await engine.client.stream('container.attach', {
      Container: shell,
      Stream: true,
      Stdin: true,
      Stdout: true,
      Stderr: true,
      DetachKeys: 'ctrl-x,q',
    });
    await engine.client.call('container.start', { Container: shell });
    socket.resume();
    socket.write('\x18q');
    assert.deepEqual(await outcome, { Reason: 'detached' });
    assert.equal((await engine.client.call('container.inspect', { Container: shell })).State.Running, true);
    await engine.client.call('container.remove', { Container: shell, Force: true });
  });

  it('events of the past can be asked for', async () => {
    const text = await out(
      'events',
      '--since',
      '10m',
      '--until',
      '0s',
      '--filter',
      'container=web',
      '--format',
      '{{.Action}}',
    );
    assert.deepEqual(text.trim().split('\n').slice(0, 2), ['create', 'start']);
  });

  it('info, version, df and doctor answer', async () => {
    assert.equal(await out('info', '--format', '{{.ContainersRunning}}'), '1\n');
    assert.equal(await out('version', '--format', '{{.Server.Version}}'), '0.1.0\n');
    assert.match(await out('system', 'df'), /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +1 /);
    assert.match((await engine.cli(['system', 'doctor'])).stdout, /Linux kernel/);
  });

  it('anatomy names its namespaces, cgroup, layers and changes', async () => {
    const anatomy = await engine.client.call('container.anatomy', { Container: id });
    const net = anatomy.Namespaces.find(({ Type }) => Type === 'net');
    assert.equal(net?.Host, false);
    assert.equal(anatomy.Processes[0]?.Pid, 1);
    assert.equal(anatomy.Layers.length, 1);
    assert.match(anatomy.Cgroup.Path, new RegExp(id));
    assert.ok(anatomy.Capabilities.includes('CAP_CHOWN'));
  });

  it('lists help from the declarations, and suggests for a typing error', async () => {
    assert.match(await out('--help'), /Management Commands:[\s\S]*container +Manage containers/);
    assert.match(await out('run', '--help'), /-v, --volume list +Bind mount a volume/);
    assert.match((await engine.cli(['rnu'])).stderr, /unknown command: slipway rnu/);
  });
});
