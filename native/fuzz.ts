// Builds every native/core/**/*_fuzz.cc with libFuzzer and the sanitizers and runs each for a while, from its corpus in
// native/core/corpus/<target>/. All at the same time: each takes one core. npm run fuzz -- [--seconds 60] [WORD…]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const native = import.meta.dirname;
const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' } },
  allowPositionals: true,
});

const targets = globSync('core/**/*_fuzz.cc', { cwd: native })
  .filter((path) => positionals.length === 0 || positionals.some((word) => path.includes(word)))
  .sort();

for (const result of await Promise.allSettled(targets.map(fuzz)))
  if (result.status === 'rejected') {
    console.error(result.reason instanceof Error ? result.reason.message : String(result.reason));
    process.exitCode = 1;
  }

async function fuzz(source: string): Promise<void> {
  const name = basename(source, '_fuzz.cc');
  const program = await build(source, name);
  const corpus = join(native, 'core/corpus', name);
  const found = join(native, 'build/fuzz/found', name);
  for (const folder of [corpus, found]) mkdirSync(folder, { recursive: true });
  console.log(`${name}: ${values.seconds} s`);
  // New inputs go to the first folder; the checked-in corpus is only read.
  await run(program, [
    found,
    corpus,
    `-max_total_time=${values.seconds}`,
    '-rss_limit_mb=1024',
    '-timeout=10',
    '-print_final_stats=1',
    `-artifact_prefix=${found}/`,
  ]);
}

/** A fuzzer names the library files that it is built from in a comment: `// Sources: core/json.cc core/spec_*.cc`. */
async function build(source: string, name: string): Promise<string> {
  const program = join(native, 'build/fuzz', name);
  mkdirSync(dirname(program), { recursive: true });
  const named = /^\/\/ Sources: (.+)$/m.exec(readFileSync(join(native, source), 'utf8'))?.[1];
  if (named === undefined) throw new Error(`${source} does not say what it is built from ("// Sources: …")`);
  const sources = globSync(named.split(' '), { cwd: native }).filter((path) => !/_(test|fuzz)\.cc$/.test(path));
  const flags = ['-std=gnu++20', '-O1', '-g', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=undefined'];
  const defines = ['-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', `-I${native}`];
  await run('clang++', [...flags, ...defines, source, ...sources, '-o', program, '-lseccomp']);
  return program;
}

async function run(program: string, words: string[]): Promise<void> {
  const [status] = await once(spawn(program, words, { cwd: native, stdio: 'inherit' }), 'exit');
  if (status !== 0) throw new Error(`${program} failed with ${status}`);
}
