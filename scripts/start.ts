// The second half of `npm start`, when everything is installed and built: packages the VSIX, puts it into an editor and opens
// the sample workspace. `code` where there is a desktop for it, otherwise code-server from the npm registry.
//   npm start [-- --port N]     code-server's port on 127.0.0.1; a free one if absent
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { installCodeServer } from '../test/editor/support/code_server.ts';

const root = join(import.meta.dirname, '..');
const cache = join(root, '.cache');
const sample = join(cache, 'sample');
const vsix = join(cache, 'slipway.vsix');
const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });

function step(text: string): void {
  console.log(`\u001B[1m[start]\u001B[0m ${text}`);
}

/** To its end; what it printed is shown only when it fails. */
function must(program: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${program} ${args.join(' ')} failed: ${error?.message ?? `${stdout}${stderr}`}`);
  process.exit(1);
}

/** A desktop VS Code that can show a window: it doesn't run as root, and needs a display. */
function desktopCode(): string | undefined {
  const display = process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'];
  if (display === undefined || process.getuid?.() === 0) return undefined;
  return spawnSync('code', ['--version']).status === 0 ? 'code' : undefined;
}

/** Installs the package unless the same one is installed already. `editor` is the program with its first arguments. */
function installPackage(editor: readonly [string, ...string[]], stamp: string): void {
  const digest = createHash('sha256').update(readFileSync(vsix)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const [program, ...first] = editor;
  must(program, [...first, '--install-extension', vsix, '--force']);
  writeFileSync(stamp, digest);
}

function startCodeServer(): void {
  step('code-server (the first time it is compiled: about three minutes)');
  const home = join(cache, 'editor');
  mkdirSync(home, { recursive: true });
  const entry = installCodeServer();
  const folders = ['--user-data-dir', join(home, 'user-data'), '--extensions-dir', join(home, 'extensions')];
  installPackage([process.execPath, entry, ...folders], join(home, 'installed'));
  const auth = process.env['PASSWORD'] === undefined ? 'none' : 'password';
  const address = ['--bind-addr', `127.0.0.1:${values.port}`, '--auth', auth];
  const quiet = ['--disable-telemetry', '--disable-update-check'];
  const server = spawn(process.execPath, [entry, ...folders, ...address, ...quiet, sample], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_CONFIG_HOME: join(home, 'config') },
  });
  createInterface({ input: server.stdout }).on('line', (line) => {
    const url = line.match(/HTTP server listening on (http:\/\/[^\s/]+)/)?.[1];
    if (url !== undefined) announce(`${url}/?folder=${encodeURIComponent(sample)}`, auth === 'none');
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.kill(signal));
  server.once('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
}

function announce(url: string, open: boolean): void {
  console.log(`\nSlipway is ready: ${url}\n`);
  console.log('Open the ship in the bar on the left, or the Dockerfile. Ctrl-C ends the editor; containers stay.');
  if (open)
    console.log('Every user of this machine can open that address. PASSWORD=… npm start asks for a password instead.');
}

step('VSIX');
mkdirSync(cache, { recursive: true });
must(process.execPath, ['scripts/package.ts', '--out', vsix]);
if (!existsSync(sample)) cpSync(join(root, 'test/sample'), sample, { recursive: true });
const code = desktopCode();
if (code === undefined) startCodeServer();
else {
  step('Visual Studio Code');
  installPackage([code], join(cache, 'installed-desktop'));
  must(code, [sample]);
  console.log(`\nSlipway is ready: a window of Visual Studio Code shows ${sample}`);
}
