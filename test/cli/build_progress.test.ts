// `slipway build` on a terminal: lines that are redrawn in place, with times and the last output.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { bundles } from '../support/bundles.ts';
import { TestEngine } from '../support/slipway.ts';

const run = promisify(execFile);

describe('the progress of a build on a terminal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-progress-'));
  let engine: TestEngine;
  before(async () => {
    engine = await TestEngine.start();
    const command = 'for i in 1 2 3 4 5 6 7 8; do echo line $i; done; printf "\\\\033[2Jodd\\\\n"; sleep 1';
    writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\nRUN ${command}\nRUN true\n`);
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** What `script` records of a terminal of 80 columns, escapes made visible. */
  const onTerminal = async (...flags: string[]): Promise<string> => {
    const cli = [process.execPath, '--disable-warning=ExperimentalWarning', '--', (await bundles()).cli];
    const command = [...cli, 'build', '--network', 'none', ...flags, folder].join(' ');
    const env = { ...process.env, SLIPWAY_HOST: `unix://${engine.socket}` };
    const shell = `stty cols 80 rows 24; exec ${command}`;
    const { stdout } = await run('script', ['-qec', shell, '/dev/null'], { env });
    return stdout.replaceAll('\x1b', '<ESC>');
  };

  it('is live by itself, and says what is cached the next time', async () => {
    const live = await onTerminal();
    assert.match(live, /\[\+\] Building \d+\.\ds \(0\/2\)/);
    assert.match(live, /<ESC>\[\d+A\r<ESC>\[J/);
    assert.match(live, / => \[1\/2\] RUN for i .* 0\.[1-9]s/);
    assert.match(live, / => => # line 8\r\n => => # odd\r\n/);
    assert.doesNotMatch(live, /line 2\r\n/);
    assert.match(live, /\[\+\] Building \d+\.\ds \(2\/2\)/);
    assert.match(await onTerminal('--progress', 'tty'), / => CACHED \[2\/2\] RUN true +0\.0s/);
  });

  it('is plain where that is asked for', async () => {
    const plain = await onTerminal('--progress', 'plain');
    assert.match(plain, /#1 CACHED/);
    assert.doesNotMatch(plain, /<ESC>\[\d+A/);
  });
});
