// Builds the library's unit tests with AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer, and runs them: npm run sanitize.
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

const native = import.meta.dirname;
const build = join(native, 'build/sanitize');
const flags = ['-std=gnu++20', '-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'];
// RapidJSON adds zero to a null pointer: undefined, harmless, and not ours to mend.
const ignored = '[undefined]\nsrc:*/rapidjson/*\n';
const ignoreList = join(build, 'ignored.txt');
const defines = ['-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', `-I${native}`, `-fsanitize-ignorelist=${ignoreList}`];

/** make's rules: an object for each source, compiled again when the source is newer. */
function makefile(sources: readonly string[]): string {
  const objects = sources.map((source) => join(build, source.replace(/\.cc$/, '.o')));
  const rules = sources.map((source, index) => {
    mkdirSync(dirname(objects[index] ?? build), { recursive: true });
    return `${objects[index]}: ${join(native, source)}\n\tclang++ ${[...flags, ...defines].join(' ')} -c $< -o $@\n`;
  });
  const link = `clang++ ${flags.join(' ')} $^ -o $@ -lseccomp -lz -lzstd`;
  return `${join(build, 'native-tests')}: ${objects.join(' ')}\n\t${link}\n${rules.join('')}`;
}

function run(program: string, words: readonly string[], input?: string): void {
  const { status, error } = spawnSync(program, words, {
    cwd: native,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'inherit', 'inherit'],
    ...(input === undefined ? {} : { input }),
    // What stands is reported even where the process ends by itself.
    env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
  });
  if (status === 0) return;
  console.error(`${program} failed${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(1);
}

const sources = globSync('core/**/*.cc', { cwd: native })
  .filter((path) => !path.endsWith('_fuzz.cc'))
  .sort();
mkdirSync(build, { recursive: true });
writeFileSync(ignoreList, ignored);
run('make', ['-s', '-j', String(availableParallelism()), '-f', '-'], makefile(sources));
console.log(`${join(build, 'native-tests')}: ${statSync(join(build, 'native-tests')).size} bytes, sanitized`);
run(join(build, 'native-tests'), []);
