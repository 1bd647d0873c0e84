// Runs a bundle with what V8 compiled of it the last time. Node's own compile cache keeps only what is compiled while a file
// is loaded; of a language server nearly all is compiled when it is first used, and then a first document waits for it.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

const digestLength = 32;
/** Kept of versions that nobody started for this long: nothing. */
const oldest = 30 * 24 * 3600 * 1000;

/** Runs a CommonJS file. What was compiled of it lies in `directory`, which must be the user's own, because it is run. */
export function runCompiled(file: string, directory: string): void {
  const source = readFileSync(file, 'utf8');
  const version = digest(`${process.version} ${process.arch} ${source}`).toString('hex').slice(0, 32);
  const path = join(directory, `${version}.code`);
  const known = readChecked(path);
  const script = new Script(module.wrap(source), {
    filename: file,
    ...(known === undefined ? {} : { cachedData: known }),
  });
  const used = script.cachedDataRejected === false ? (known?.length ?? 0) : 0;
  process.once('exit', () => keep(script, path, used));
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, createRequire(file), loaded, file, dirname(file));
}

function digest(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** V8 trusts what it is given, so it gets only what was written whole. */
function readChecked(path: string): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    const data = bytes.subarray(digestLength);
    return digest(data).equals(bytes.subarray(0, digestLength)) ? data : undefined;
  } catch {
    // The first time, or a directory that cannot be read: everything works without it.
    return undefined;
  }
}

/** Writes what is compiled by now, where that is clearly more than there was. */
function keep(script: Script, path: string, used: number): void {
  try {
    const data = script.createCachedData();
    if (data.length < used * 1.1) return;
    const directory = dirname(path);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, Buffer.concat([digest(data), data]), { mode: 0o600 });
    renameSync(temporary, path);
    for (const name of readdirSync(directory)) {
      const other = join(directory, name);
      if (Date.now() - statSync(other).mtimeMs > oldest) rmSync(other, { recursive: true, force: true });
    }
  } catch {
    // A full or read-only disk: the next start is as slow as this one was.
  }
}
