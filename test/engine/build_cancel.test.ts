// A build that is cancelled stops within a second and leaves nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { BuildProgress } from '../../runtime/protocol/build.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import { buildRemains, untilNothingRemains } from '../support/build_remains.ts';
import { TestEngine } from '../support/slipway.ts';

describe('a cancelled build', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-cancel-'));
  const cgroupParent = `/slipway-cancel-${process.pid}`;
  let engine: TestEngine;
  before(async () => {
    writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nRUN trap "" TERM; echo begun; sleep 60\n');
    engine = await TestEngine.start({ args: ['--cgroup-parent', cgroupParent] });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const stoppedAfter = async (start: number): Promise<void> => {
    assert.ok(performance.now() - start < 1000, 'it took longer than a second');
    await untilNothingRemains(engine, cgroupParent, start + 1000);
    assert.deepEqual(buildRemains(engine, cgroupParent), []);
  };

  it('by the protocol', async () => {
    const aborter = new AbortController();
    const begun = Promise.withResolvers<void>();
    const onProgress = (value: BuildProgress) => {
      if (value.Kind === 'log' && value.Text.includes('begun')) begun.resolve();
    };
    const options = { signal: aborter.signal, onProgress };
    const { socket, outcome } = await engine.client.stream('build.run', { Context: folder, Network: 'none' }, options);
    socket.on('error', () => {});
    socket.resume().end();
    await begun.promise;
    const start = performance.now();
    aborter.abort();
    await assert.rejects(outcome, (error) => isEngineError(error, 'Cancelled'));
    await stoppedAfter(start);
  });

  it("by /build/cancel of Docker's API", async () => {
    const call = async (path: string, body: Buffer): Promise<IncomingMessage> => {
      const socketPath = join(engine.directory, 'docker.sock');
      const sent = request({ socketPath, path, method: 'POST', headers: { 'content-type': 'application/x-tar' } });
      sent.end(body);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response;
    };
    const tar = execFileSync('tar', ['-C', folder, '-cf', '-', 'Dockerfile']);
    const response = await call('/v1.41/build?buildid=mine&networkmode=none', tar);
    let text = '';
    let start = 0;
    for await (const chunk of response) {
      text += String(chunk);
      if (start > 0 || !text.includes('"begun')) continue;
      start = performance.now();
      assert.equal((await call('/v1.41/build/cancel?id=mine', Buffer.alloc(0))).statusCode, 200);
    }
    assert.match(text, /"error":"the build was cancelled"/);
    await stoppedAfter(start);
    assert.equal((await call('/v1.41/build/cancel', Buffer.alloc(0))).statusCode, 400);
    assert.equal((await call('/v1.41/build/cancel?id=ended', Buffer.alloc(0))).statusCode, 200);
  });
});
