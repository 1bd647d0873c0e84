// Archives for the tables: small, made in memory, with entries that are always the same.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A tar of files by their path. */
export function archiveOf(files: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-tar-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const owner = ['--owner=0', '--group=0', '--mtime=@1', '--mode=0644'];
    return execFileSync('tar', ['-C', folder, ...owner, '-c', ...Object.keys(files)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
