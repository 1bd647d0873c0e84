// Runs the tests and ends with one line: N passed, N failed, N skipped. Every skip is printed with its reason.
//   npm test                      everything that this machine can run
//   npm test -- native oci/       only the test files whose path contains one of the words
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { bundleFolder } from './support/bundles.ts';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);
/** How many of the slowest files are named at the end. */
const slowest = 8;

/** Long files that need nobody's network: root runs them beside the others, in a network namespace of their own. */
const beside = ['build_conformance', 'build_kill', 'helper_kill', 'test/cgroup2_vm/', 'test/monitor/', 'test/oci/'];

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  skips: string[];
  files: { file: string; seconds: number }[];
}

/** Runs files one after the other: many use the machine's cgroups, mounts and network. */
async function runFiles(files: string[]): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, failed: 0, skipped: 0, skips: [], files: [] };
  if (files.length === 0) return outcome;
  const stream = run({ files: files.map((file) => join(root, file)), cwd: root, concurrency: 1 });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    const reason = event.skip ?? event.todo;
    if (reason === undefined) outcome.passed += 1;
    else {
      outcome.skipped += 1;
      outcome.skips.push(`${event.name}: ${typeof reason === 'string' ? reason : 'no reason given'}`);
    }
  });
  stream.on('test:fail', (event) => {
    if (event.details.type !== 'suite') outcome.failed += 1;
  });
  stream.on('test:summary', ({ file, duration_ms }) => {
    if (file !== undefined) outcome.files.push({ file: relative(root, file), seconds: Math.round(duration_ms / 1000) });
  });
  const report = stream.compose(spec());
  report.pipe(process.stdout, { end: false });
  await finished(report, { writable: false });
  return outcome;
}

/** Runs files in another process with a network of its own; what it prints is shown in one piece when it has ended. */
async function runBeside(files: string[]): Promise<Outcome> {
  const script = 'ip link set lo up && exec "$0" "$@"';
  const child = spawn('unshare', ['--net', 'sh', '-c', script, process.execPath, import.meta.filename, ...files], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    // Its only message is what runFiles returned there.
    child.once('message', (message) => resolve(message as Outcome));
    child.once('close', (code) => reject(new Error(`The tests beside ended with ${code} and without their figures.`)));
  });
  if (child.stdout === null) throw new Error('The tests beside have no output.');
  const [printed, result] = await Promise.all([text(child.stdout), outcome]);
  process.stdout.write(printed);
  return result;
}

function report(outcomes: Outcome[]): void {
  const total = (key: 'passed' | 'failed' | 'skipped') => outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
  const files = outcomes.flatMap((outcome) => outcome.files).sort((a, b) => b.seconds - a.seconds);
  for (const { file, seconds } of files.slice(0, slowest)) console.log(`${seconds} s: ${file}`);
  for (const skip of outcomes.flatMap((outcome) => outcome.skips)) console.log(`skipped: ${skip}`);
  const ran = total('passed') + total('failed') > 0;
  console.log(`${total('passed')} passed, ${ran ? total('failed') : 1} failed, ${total('skipped')} skipped`);
  process.exitCode = ran && total('failed') === 0 ? 0 : 1;
}

const files = globSync(
  ['extension', 'language-server', 'runtime', 'native', 'scripts', 'test'].map((part) => `${part}/**/*.test.ts`),
  {
    cwd: root,
    exclude: (path) => path === 'native/build' || path.endsWith('/node_modules'),
  },
)
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();

bundleFolder();
if (process.send !== undefined) {
  process.send(await runFiles(files));
  process.disconnect();
} else if (words.length > 0 || process.getuid?.() !== 0) report([await runFiles(files)]);
else {
  const others = files.filter((file) => !beside.some((word) => file.includes(word)));
  // An editor and its browser take both cores: they come last, alone.
  const editor = (file: string) => file.startsWith('test/editor/');
  const first = await Promise.all([
    runFiles(others.filter((file) => !editor(file))),
    runBeside(files.filter((file) => !others.includes(file))),
  ]);
  report([...first, await runFiles(others.filter(editor))]);
}
