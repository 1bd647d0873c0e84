// Prints the C++ sources of one target, one per line, for binding.gyp. "tests" means every *_test.cc.
import { readdirSync } from 'node:fs';

const folder = process.argv[2] ?? 'core';
const isTest = (name) => name.endsWith('_test.cc');
const isFuzzer = (name) => name.endsWith('_fuzz.cc');
const sources = (root) =>
  readdirSync(root, { recursive: true })
    .map((name) => `${root}/${name}`)
    .filter((name) => name.endsWith('.cc'))
    .sort();

const chosen =
  folder === 'tests'
    ? [...sources('core'), ...sources('oci')].filter(isTest)
    : sources(folder).filter((name) => !isTest(name) && !isFuzzer(name));
process.stdout.write(`${chosen.join('\n')}\n`);
