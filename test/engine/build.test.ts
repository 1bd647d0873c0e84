// `slipway build`, from a Dockerfile to an image and what the cache says of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CliResult, TestEngine } from '../support/slipway.ts';

describe('slipway build', () => {
  let engine: TestEngine;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-build-'));
  before(async () => {
    engine = await TestEngine.start();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  let count = 0;
  /** A context of these files. */
  const context = (files: Readonly<Record<string, string>>): string => {
    count += 1;
    const place = join(folder, `context-${count}`);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), content);
    }
    return place;
  };
  const build = (place: string, ...args: string[]): Promise<CliResult> =>
    engine.cli(['build', '--network', 'none', '-t', 'made', ...args, place]);
  const built = async (files: Readonly<Record<string, string>>, ...args: string[]): Promise<string> => {
    const place = context(files);
    const { code, stderr } = await build(place, ...args);
    assert.equal(code, 0, stderr);
    return place;
  };
  /** What a script prints in the image that was built last. */
  const inside = async (script: string): Promise<string> => {
    const { stdout } = await engine.cli([
      'run',
      '--rm',
      '--network',
      'none',
      '--entrypoint',
      'sh',
      'made',
      '-c',
      script,
    ]);
    return stdout;
  };
  const config = async () => (await engine.client.call('image.inspect', { Image: 'made' })).Config;

  it('takes files from the context and from other stages, with owners and modes', async () => {
    await built({
      Dockerfile: `FROM busybox AS one
WORKDIR /src
COPY a.txt dir/ ./
RUN cat a.txt > made && ln -s made link
FROM busybox
COPY --from=one --chown=3:4 --chmod=u=rw,go=r /src/made /out/
COPY --from=one /src/link /out/link
`,
      'a.txt': 'alpha\n',
      'dir/b.txt': 'beta\n',
    });
    assert.equal(await inside('cat /out/made; stat -c "%u:%g %a" /out/made; ls /src 2>/dev/null'), 'alpha\n3:4 644\n');
  });

  it('turns every instruction into the config that it stands for', async () => {
    await built(
      {
        Dockerfile: `FROM busybox
ARG WHO=world
ENV GREETING="hello \${WHO}" OTHER=\${UNSET:-fallback}
LABEL a=1 b="two words"
EXPOSE 80 90-91/udp
VOLUME ["/data", "/more"]
USER 7:8
WORKDIR /a
WORKDIR b
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s --retries=2 CMD ["true"]
SHELL ["/bin/sh", "-ec"]
ENTRYPOINT ["/bin/echo"]
CMD one two
ONBUILD RUN echo later
`,
      },
      '--build-arg',
      'WHO=you',
      '--label',
      'c=3',
    );
    const made = await config();
    assert.ok(made.Env?.includes('GREETING=hello you') && made.Env.includes('OTHER=fallback'));
    assert.deepEqual(made.Labels, { a: '1', b: 'two words', c: '3' });
    assert.deepEqual(Object.keys(made.ExposedPorts ?? {}), ['80/tcp', '90/udp', '91/udp']);
    assert.deepEqual(Object.keys(made.Volumes ?? {}), ['/data', '/more']);
    assert.deepEqual([made.User, made.WorkingDir, made.StopSignal], ['7:8', '/a/b', 'SIGQUIT']);
    assert.deepEqual(made.Healthcheck, { Test: ['CMD', 'true'], Interval: 5e9, Retries: 2 });
    assert.deepEqual([made.Entrypoint, made.Cmd], [['/bin/echo'], ['/bin/sh', '-ec', 'one two']]);
    assert.deepEqual(made.OnBuild, ['RUN echo later']);
  });

  it('runs heredocs as scripts and writes them as files', async () => {
    await built({
      Dockerfile: `FROM busybox
ENV NAME=value
RUN <<EOF
echo "$NAME" > /script
EOF
COPY <<-plain <<"quoted" /files/
	expanded $NAME
plain
not expanded $NAME
quoted
`,
    });
    assert.equal(await inside('cat /script /files/plain /files/quoted'), 'value\nexpanded value\nnot expanded $NAME\n');
  });

  it('mounts caches, other stages, tmpfs and secrets for RUN, and none of them stays', async () => {
    const place = context({
      Dockerfile: `FROM busybox AS tool
RUN echo tool > /tool
FROM busybox
RUN --mount=type=cache,target=/cache echo x >> /cache/count; cat /cache/count > /seen
RUN --mount=type=bind,from=tool,source=/tool,target=/mnt/tool cat /mnt/tool >> /seen
RUN --mount=type=tmpfs,target=/scratch grep -c ' /scratch tmpfs' /proc/mounts >> /seen
RUN --mount=type=secret,id=token --mount=type=secret,id=token,env=TOKEN test "$(cat /run/secrets/token)" = "$TOKEN" && echo same >> /seen
`,
      token: 's3cret',
    });
    const { code, stderr } = await build(place, '--secret', `id=token,src=${join(place, 'token')}`);
    assert.equal(code, 0, stderr);
    assert.equal(
      await inside('cat /seen; ls -d /cache /mnt/tool /scratch /run/secrets 2>/dev/null'),
      'x\ntool\n1\nsame\n',
    );
    const history = JSON.stringify(await engine.client.call('image.history', { Image: 'made' }));
    assert.ok(!history.includes('s3cret'));
  });

  it('builds again from the cache, to the same image, until a file changes', async () => {
    const place = await built({ Dockerfile: 'FROM busybox\nCOPY a b /files/\nRUN cat /files/a\n', a: '1', b: '1' });
    const first = await engine.cli(['build', '-q', '--network', 'none', place]);
    const second = await engine.cli(['build', '-q', '--network', 'none', place]);
    assert.match(first.stdout, /^sha256:[0-9a-f]{64}\n$/);
    assert.equal(second.stdout, first.stdout);
    writeFileSync(join(place, 'b'), '2');
    const plan = await engine.client.call('build.plan', { Context: place, Network: 'none' });
    assert.deepEqual(plan.Problems, []);
    assert.deepEqual(
      plan.Steps.map(({ Cached, Reason }) => [Cached, Reason]),
      [
        [false, 'file b changed'],
        [false, 'the step above is not cached'],
      ],
    );
    assert.notEqual((await engine.cli(['build', '-q', '--network', 'none', place])).stdout, first.stdout);
  });

  it('writes the arguments that it took into the history', async () => {
    await built({ Dockerfile: 'FROM scratch\nARG a=1 b=$a c\nENV e=$b\n' }, '--build-arg', 'a=2');
    const lines = (await engine.client.call('image.history', { Image: 'made' })).map(({ CreatedBy }) => CreatedBy);
    assert.deepEqual(lines.reverse(), ['ARG a=2 b=2 c', 'ENV e=2']);
  });

  it('knows a directory by its attributes, too', async () => {
    const place = await built({ Dockerfile: 'FROM scratch\nCOPY . /\n', 'd/a': '1' });
    const planned = async () => (await engine.client.call('build.plan', { Context: place, Network: 'none' })).Steps[0];
    assert.equal((await planned())?.Cached, true);
    execFileSync('setfattr', ['-n', 'user.marked', '-v', 'yes', join(place, 'd')]);
    assert.equal((await planned())?.Reason, 'file d changed');
  });

  it('never builds a stage that the target does not need', async () => {
    await built(
      { Dockerfile: 'FROM busybox AS broken\nRUN false\nFROM busybox AS good\nRUN true\n' },
      '--target',
      'good',
    );
  });

  it('leaves out what .dockerignore names', async () => {
    const files = {
      Dockerfile: 'FROM busybox\nCOPY . /c\n',
      '.dockerignore': '*.log\n!keep.log\n',
      'a.log': '',
      'keep.log': '',
      x: '',
    };
    await built(files);
    assert.equal(await inside('cd /c && ls'), 'Dockerfile\nkeep.log\nx\n');
  });

  it('gives the same bytes for the same SOURCE_DATE_EPOCH', async () => {
    const files = { Dockerfile: 'FROM busybox\nCOPY a /a\n', a: 'x' };
    const ids = [];
    for (const place of [context(files), context(files)]) {
      const env = { SOURCE_DATE_EPOCH: '1700000000' };
      ids.push((await engine.cli(['build', '-q', '--no-cache', place], { env })).stdout);
    }
    assert.equal(ids[0], ids[1]);
  });

  it('writes files and archives instead of an image', async () => {
    const place = context({ Dockerfile: 'FROM scratch\nCOPY a /dir/a\n', a: 'content' });
    const out = join(place, 'out');
    assert.equal((await engine.cli(['build', '-o', out, place])).code, 0);
    assert.equal(readFileSync(join(out, 'dir/a'), 'utf8'), 'content');
    assert.equal((await engine.cli(['build', '-o', `type=tar,dest=${join(place, 'out.tar')}`, place])).code, 0);
    assert.ok(existsSync(join(place, 'out.tar')));
  });

  const failures: [name: string, dockerfile: string, expected: RegExp][] = [
    ['an unknown instruction', 'FROM busybox\nRUNN true\n', /Dockerfile:2:1: unknown instruction: RUNN/],
    ['a missing file', 'FROM busybox\nCOPY nothing /x\n', /Dockerfile:2:1: .*"\/nothing": not found/],
    [
      'a path outside the context',
      'FROM busybox\nCOPY ../../etc/passwd /x\n',
      /Dockerfile:2:1: .*forbidden path outside the build context/,
    ],
    ['a stage that is not there', 'FROM busybox\nCOPY --from=later /a /b\n', /Dockerfile:2:1: .*later/],
    ['a base that can have no such name', 'FROM UPPER\n', /Dockerfile:1:1: .*UPPER.*must be lowercase/],
    ['a signal that there is none', 'FROM busybox\nSTOPSIGNAL SIGFOO\n', /Dockerfile:2:1: invalid signal: SIGFOO/],
    ['a required variable', 'FROM busybox\nENV A=${B:?unset}\n', /Dockerfile:2:1: .*unset/],
    [
      'a command that fails',
      'FROM busybox\nRUN echo last words; exit 9\n',
      /Dockerfile:2:1: .*exit code: 9\nlast words/,
    ],
  ];
  for (const [name, dockerfile, expected] of failures) {
    it(`points at ${name}`, async () => {
      const { code, stderr } = await build(context({ Dockerfile: dockerfile }));
      assert.equal(code, 1);
      assert.match(stderr, expected);
    });
  }

  it('is not led out of a stage by its links', async () => {
    const { code, stderr } = await build(
      context({
        Dockerfile:
          'FROM busybox AS evil\nRUN ln -s /etc/passwd /p && ln -s / /root-link\nFROM busybox\nCOPY --from=evil /p /got\nRUN --mount=type=bind,from=evil,source=/root-link,target=/m ls /m > /list\n',
      }),
    );
    assert.equal(code, 0, stderr);
    assert.equal(await inside('cat /got'), await inside('cat /etc/passwd'));
    assert.ok((await inside('cat /list')).includes('root-link'));
  });
});
