// Looks into the package that people install: what doesn't belong there, and what would not run on their machines.
//   npm run check:release [-- FILE.vsix]     makes the package first if no file is named
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openPromise } from 'yauzl';
import { checkSymbols } from '../native/check_symbols.ts';

const root = join(import.meta.dirname, '..');
const megabyte = 1_000_000;
const largestPackage = 12 * megabyte;

interface PackedFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly bytes: Buffer;
}

/** What must be there, and what else may be. */
const required: readonly string[] = [
  'package.json',
  'package.nls.json',
  'package.nls.de.json',
  'extension/l10n/bundle.l10n.de.json',
  'readme.md',
  'LICENSE.txt',
  'THIRD-PARTY-NOTICES.txt',
  'dist/extension.js',
  'dist/language-server.js',
  'dist/lib/RULES.md',
  'dist/lib/language-server.js',
  'dist/lib/slipway.js',
  'dist/lib/slipwayd.js',
  'dist/native/slipway.node',
  'dist/share/man/man1/slipway.1',
  ...['slipway', 'slipwayd', 'slipway-oci', 'slipway-init', 'slipway-hello'].map((name) => `dist/bin/${name}`),
];
const allowed = [
  /^dist\/[a-z_-]+\.js$/,
  /^dist\/package\.json$/,
  /^dist\/share\/(bash-completion|zsh|fish)\//,
  /^extension\/(media|l10n)\//,
  /^docs\/tour\/[\w-]+\.png$/,
];

async function readPackage(path: string): Promise<PackedFile[]> {
  const archive = await openPromise(path);
  const files: PackedFile[] = [];
  for await (const entry of archive.eachEntry()) {
    // The upper half of the attributes are the mode where the archive was made on Unix (APPNOTE.TXT, 4.4.15).
    const mode = (entry.externalFileAttributes >>> 16) & 0o7777;
    files.push({ path: entry.fileName, mode, bytes: await buffer(await archive.openReadStreamPromise(entry)) });
  }
  return files;
}

function isElf(bytes: Buffer): boolean {
  return bytes.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
}

function complaintsOf({ path, mode, bytes }: PackedFile): string[] {
  const complaints: string[] = [];
  const known = required.includes(path) || allowed.some((pattern) => pattern.test(path));
  if (!known) complaints.push('does not belong into the package');
  if (path.startsWith('dist/bin/') && (mode & 0o111) !== 0o111)
    complaints.push(`is not executable for everybody (mode ${mode.toString(8)})`);
  if (/\/\/# sourceMappingURL=/.test(bytes.toString('latin1'))) complaints.push('names a source map');
  for (const place of [root, homedir()]) {
    // "/root" alone is a path that containers have too.
    if (place.length > 5 && bytes.includes(`${place}/`)) complaints.push(`names the absolute path ${place}`);
  }
  if (path === 'dist/extension.js' && bytes.length > 600_000) complaints.push(`is larger than 600 KB: ${bytes.length}`);
  if (isElf(bytes)) complaints.push(...symbolComplaints(bytes));
  return complaints.map((complaint) => `${path} ${complaint}`);
}

function symbolComplaints(bytes: Buffer): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-release-'));
  try {
    const file = join(directory, 'binary');
    writeFileSync(file, bytes);
    return checkSymbols(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What is wrong with a VSIX, a sentence each; empty for a good one. Throws for a file that is no package. */
export async function checkPackage(path: string): Promise<string[]> {
  const files = (await readPackage(path))
    .filter((file) => file.path.startsWith('extension/') && !file.path.endsWith('/'))
    .map((file) => ({ ...file, path: file.path.slice('extension/'.length) }));
  const missing = required.filter((name) => !files.some((file) => file.path === name));
  const { size } = statSync(path);
  return [
    ...(size > largestPackage ? [`the package is larger than ${largestPackage / megabyte} MB: ${size} bytes`] : []),
    ...missing.map((name) => `${name} is missing`),
    ...files.flatMap(complaintsOf),
  ];
}

if (import.meta.main) {
  const file = process.argv[2] ?? join(root, '.cache/check.vsix');
  if (process.argv[2] === undefined) {
    const made = spawnSync(process.execPath, [join(root, 'scripts/package.ts'), '--out', file], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`cannot make the package: ${made.stderr}`);
  }
  const complaints = await checkPackage(file);
  for (const complaint of complaints) console.error(complaint);
  console.log(`${file}: ${(statSync(file).size / megabyte).toFixed(1)} MB, ${complaints.length} complaints`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
