// Builds that stop: at lines, step by step and at failures, with containers on the files of the place.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DebugState } from '../../runtime/protocol/build.ts';
import type { Params } from '../../runtime/protocol/methods.ts';
import { collect, TestEngine } from '../support/slipway.ts';

const dockerfile = `FROM busybox AS base
ARG VERSION=1
ENV COLOUR=red
RUN echo one > /one

FROM base AS final
WORKDIR /app
COPY message .
RUN test "$(cat message)" = good \\
 && cp message /two
RUN echo three > /three
`;

describe('a build that stops', () => {
  const context = mkdtempSync(join(tmpdir(), 'slipway-debug-'));
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
    writeFileSync(join(context, 'Dockerfile'), dockerfile);
    writeFileSync(join(context, 'message'), 'good');
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(context, { recursive: true });
  });

  const begin = (options: Omit<Params<'build.debug'>, 'Build'>, build: Params<'build.run'> = {}): Promise<DebugState> =>
    engine.client.call('build.debug', {
      Build: { Context: context, Network: 'none', NoCache: true, Tags: ['made'], ...build },
      ...options,
    });
  const goOn = (Session: string, Mode: 'continue' | 'step' | 'retry', lines = {}): Promise<DebugState> =>
    engine.client.call('build.debugContinue', { Session, Mode, ...lines });
  /** What a script prints in a container at the place where the session stands. */
  const inside = async (Session: string, script: string): Promise<string> => {
    const { Container } = await engine.client.call('build.debugShell', { Session, Cmd: ['sh', '-c', script] });
    const { socket } = await engine.client.stream('container.attach', { Container, Stream: true, Stdout: true });
    const output = collect(socket);
    await engine.client.call('container.start', { Container });
    return (await output).stdout;
  };
  const place = ({ Reason, Position, Stage, Range }: DebugState) => [Reason, Position, Stage, Range?.Start.Line];

  it('steps from its first instruction to the end', async () => {
    let state = await begin({ StopOnEntry: true });
    const seen = [];
    while (state.Stopped) {
      seen.push(place(state));
      state = await goOn(state.Session, 'step');
    }
    assert.deepEqual(seen, [
      ['entry', 'before', 'base', 3],
      ['step', 'before', 'final', 6],
      ['step', 'before', 'final', 7],
      ['step', 'before', 'final', 8],
      ['step', 'before', 'final', 10],
    ]);
    assert.equal(state.Reason, 'finished');
    assert.equal(state.Outcome?.References.length, 1);
    await assert.rejects(engine.client.call('build.debugState', { Session: state.Session }), { kind: 'NotFound' });
  });

  it('stops at lines, before and behind, and says what holds there', async () => {
    // Line 9 lies inside the instruction that begins in line 8.
    const first = await begin({ Breakpoints: [3], BreakpointsAfter: [9] });
    assert.deepEqual(place(first), ['breakpoint', 'before', 'base', 3]);
    assert.equal(first.Variables.Arguments.VERSION, '1');
    assert.equal(first.Variables.Environment.COLOUR, 'red');
    assert.deepEqual(
      first.Stages.map((stage) => [stage.Name, stage.State]),
      [
        ['base', 'stopped'],
        ['final', 'waiting'],
      ],
    );
    assert.equal(await inside(first.Session, 'cat /one 2>/dev/null || echo "$VERSION $COLOUR"'), '1 red\n');
    const second = await goOn(first.Session, 'continue');
    assert.deepEqual(place(second), ['breakpoint', 'after', 'final', 8]);
    assert.equal(second.Variables.Config.WorkingDir, '/app');
    assert.equal(
      await inside(second.Session, 'pwd; cat /one /two; ls /three 2>&1'),
      '/app\none\ngoodls: /three: No such file or directory\n',
    );
    const end = await goOn(second.Session, 'continue', { Breakpoints: [] });
    assert.equal(end.Reason, 'finished');
  });

  it('stops at a failure, and tries again when the files are mended', async () => {
    writeFileSync(join(context, 'message'), 'bad');
    const failed = await begin({ StopOnFailure: true });
    assert.deepEqual(place(failed), ['failure', 'before', 'final', 8]);
    assert.match(failed.Error ?? '', /exit code: 1/);
    const again = await goOn(failed.Session, 'retry');
    assert.deepEqual(place(again), ['failure', 'before', 'final', 8]);
    const given = await goOn(again.Session, 'continue');
    assert.equal(given.Reason, 'failed');
    writeFileSync(join(context, 'message'), 'good');
  });

  it('leaves nothing when it is ended', async () => {
    const images = await engine.client.call('image.list', { All: true });
    const { Session } = await begin({ StopOnEntry: true });
    await engine.client.call('build.debugShell', { Session });
    await engine.client.call('build.debugStop', { Session });
    assert.deepEqual(await engine.client.call('container.list', { All: true }), []);
    assert.deepEqual(await engine.client.call('image.list', { All: true }), images);
    await assert.rejects(engine.client.call('build.debugStop', { Session }), { kind: 'NotFound' });
  });

  it('refuses what makes no sense', async () => {
    await assert.rejects(begin({}, { Context: '-' }), /cannot debug a build of a streamed context/);
    const { Session } = await begin({ StopOnEntry: true });
    await assert.rejects(goOn(Session, 'retry'), /did not stop at a failure/);
    await engine.client.call('build.debugStop', { Session });
  });
});
