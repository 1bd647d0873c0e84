// Everything in the README that can be run is run: its blocks of commands are taken from the page as they stand.
// `npm test` itself is the one that runs this file.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { must, startRegistry, type TestRegistry } from './support/registry.ts';
import { TestEngine } from './support/slipway.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'README.md'), 'utf8');

/** The lines of every block of shell commands, without their comments. */
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) =>
  text
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => line !== ''),
);

function blockWith(word: string): readonly string[] {
  const found = blocks.find((lines) => lines.some((line) => line.startsWith(word)));
  assert.ok(found, `the README shows no command "${word}"`);
  return found;
}

it('knows every block of the README', () => {
  const known = ['npm start', 'npm test', 'slipway run', 'DOCKER_HOST='];
  for (const lines of blocks)
    assert.ok(
      known.some((word) => lines.some((line) => line.startsWith(word))),
      `no test runs: ${lines.join('; ')}`,
    );
});

it('has tables that are those of the manifest', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/write_docs.ts'), '--check'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

it('links to files that exist', () => {
  for (const [, target = ''] of page.matchAll(/\]\(([^)#:]+)\)/g)) assert.ok(existsSync(join(root, target)), target);
});

describe('the commands', () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let directory: string;

  before(async () => {
    registry = await startRegistry();
    engine = await TestEngine.start({ args: ['--insecure-registry', registry.host] });
    directory = mkdtempSync(join(tmpdir(), 'slipway-readme-'));
    // The application of the page: busybox's web server.
    await engine.importBusybox(`${registry.host}/app:1`, ['CMD ["httpd", "-f", "-p", "80"]']);
    await must(join(root, 'dist/bin/slipway'), ['--host', `unix://${engine.socket}`, 'push', `${registry.host}/app:1`]);
    // One problem on purpose: lint has something to say.
    writeFileSync(join(directory, 'Dockerfile'), `FROM ${registry.host}/app:1\nCMD httpd -f -p 80\n`);
  });
  after(async () => {
    rmSync(directory, { recursive: true });
    await engine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  /** A line of the page, in a terminal, with this machine's registry and engine in place of those that it names. */
  function run(line: string, input = ''): { status: number | null; output: string } {
    const here = line
      .replaceAll('registry.example.com', registry.host)
      .replaceAll('/run/slipway/docker.sock', join(engine.directory, 'docker.sock'));
    // script gives the command a terminal, as a person's has.
    const { status, stdout } = spawnSync('script', ['--quiet', '--return', '--command', here, '/dev/null'], {
      cwd: directory,
      encoding: 'utf8',
      input,
      env: {
        ...process.env,
        SLIPWAY_HOST: `unix://${engine.socket}`,
        PATH: [join(root, 'dist/bin'), process.env['PATH']].join(delimiter),
        SHELL: '/bin/bash',
      },
    });
    return { status, output: stdout };
  }

  it('in a terminal do what the page says', () => {
    for (const line of blockWith('slipway run')) {
      const { status, output } = run(line, line.includes('exec -it') ? 'exit\n' : '');
      // A warning makes lint end with 1.
      assert.equal(status, line.startsWith('slipway lint') ? 1 : 0, `${line}: ${output}`);
    }
  });

  it('of Docker work on the other door', () => {
    for (const line of blockWith('DOCKER_HOST=')) {
      const { status, output } = run(line);
      assert.equal(status, 0, output);
      assert.match(output, /web/);
    }
  });
});

/** Resolves with the address that `npm start` prints; rejects with its output where it ends before. */
async function addressOf(start: ChildProcess): Promise<string> {
  const lines: string[] = [];
  const { stdout } = start;
  assert.ok(stdout);
  const address = new Promise<string>((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      lines.push(line);
      const found = /Slipway is ready: (\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const ended = once(start, 'exit').then(([code]) => {
    throw new Error(`npm start ended with ${code}: ${lines.join('\n')}`);
  });
  return await Promise.race([address, ended]);
}

it('npm start opens an editor on the sample workspace', { timeout: 900_000 }, async () => {
  assert.deepEqual(blockWith('npm start'), ['npm start']);
  // A group of its own: npm, its shell and the editor end together.
  const start = spawn('npm', ['start'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter), DISPLAY: undefined },
  });
  try {
    const url = await addressOf(start);
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /vscode-workbench/);
    assert.ok(existsSync(join(decodeURIComponent(new URL(url).searchParams.get('folder') ?? ''), 'Dockerfile')));
  } finally {
    if (start.pid !== undefined && start.exitCode === null) {
      const gone = once(start, 'exit');
      process.kill(-start.pid, 'SIGTERM');
      await gone;
    }
  }
});
