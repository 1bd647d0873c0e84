// The suite in desktop VS Code, the oldest that we support and the newest: for machines that can download it.
//   npm run test:electron
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { bundleSuite } from './bundle.ts';
import { reportVariable } from './report.ts';

const root = join(import.meta.dirname, '../..');
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const minimum = engines.vscode.replace('^', '');

for (const version of [minimum, 'stable']) {
  // A user data folder's path must be short: the editor makes a socket in it.
  const directory = mkdtempSync(join(tmpdir(), 'sw-'));
  const [workspace, userData, run] = ['workspace', 'user', 'run'].map((name) => join(directory, name));
  const report = join(directory, 'report.json');
  try {
    mkdirSync(workspace);
    mkdirSync(join(userData, 'User'), { recursive: true });
    const engine = ['--data-root', join(directory, 'data'), '--exec-root', run, '--socket', join(run, 'slipway.sock')];
    const settings = { 'slipway.engine.arguments': engine, 'security.workspace.trust.enabled': false };
    writeFileSync(join(userData, 'User/settings.json'), JSON.stringify(settings));
    await runTests({
      version,
      extensionDevelopmentPath: root,
      extensionTestsPath: await bundleSuite(join(directory, 'suite')),
      extensionTestsEnv: { [reportVariable]: report },
      launchArgs: [workspace, '--user-data-dir', userData, '--disable-extensions', '--no-sandbox'],
    });
    const outcomes = JSON.parse(readFileSync(report, 'utf8'));
    for (const { name, error } of outcomes) console.log(error === undefined ? `✔ ${name}` : `✖ ${name}\n${error}`);
    const failed = outcomes.filter(({ error }) => error !== undefined).length;
    console.log(`VS Code ${version}: ${outcomes.length - failed} passed, ${failed} failed`);
    if (failed > 0) process.exitCode = 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
