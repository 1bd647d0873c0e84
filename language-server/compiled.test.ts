import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const runner = `import { runCompiled } from ${JSON.stringify(join(import.meta.dirname, 'compiled.ts'))};
runCompiled(process.argv[1], process.argv[2]);`;

test('a bundle runs from what was compiled of it, which grows with what is used, and from its source where that is spoilt', () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-compiled-'));
  try {
    const file = join(directory, 'bundle.js');
    const cache = join(directory, 'a/cache');
    // Enough that what is used of it makes a difference.
    const functions = Array.from(
      { length: 200 },
      (_, i) => `function f${i}(a) { return a + ${i} + __dirname.length; }`,
    );
    const all = `[${functions.map((_, i) => `f${i}`).join()}]`;
    writeFileSync(file, `${functions}\n`.replaceAll('},function', '}\nfunction'));
    writeFileSync(file, `console.log(process.env.USED ? ${all}.reduce((sum, f) => f(sum), 0) : require('path').sep);`, {
      flag: 'a',
    });
    const run = (used: string): string =>
      execFileSync(process.execPath, ['--input-type=module', '-e', runner, file, cache], {
        encoding: 'utf8',
        env: { ...process.env, USED: used },
      }).trim();
    const kept = (): string => {
      const [name = '', ...more] = readdirSync(cache);
      assert.deepEqual(more, []);
      return join(cache, name);
    };
    assert.equal(run(''), '/');
    const { size, mode } = statSync(kept());
    assert.equal(mode & 0o77, 0);
    const sum = String((199 * 200) / 2 + 200 * directory.length);
    assert.equal(run('1'), sum);
    const full = readFileSync(kept());
    assert.ok(full.length > size * 1.1, `${full.length} bytes after ${size}`);
    assert.equal(run(''), '/');
    assert.ok(readFileSync(kept()).equals(full));
    writeFileSync(kept(), full.fill(7, 1000, 2000));
    assert.equal(run('1'), sum);
    assert.equal(run('1'), sum);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
