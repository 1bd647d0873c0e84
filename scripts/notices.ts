// The licences of everything that the build takes into its bundles and binaries.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's packages whose code is linked into the native programs; each keeps its terms in /usr/share/doc. */
const linkedLibraries = ['libc6-dev', 'libseccomp-dev', 'libzstd-dev', 'rapidjson-dev', 'zlib1g-dev'] as const;

// Its copyright file holds the terms of the whole compiler; this is the part that a linked program is under.
const compilerLibraries =
  'libstdc++ and libgcc (GPL-3.0 with the GCC Runtime Library Exception)\n\n' +
  'Programs compiled with GCC may be distributed under terms of their own choice: GCC Runtime Library Exception, version 3.1.\n';

/** One text for all: the packages that `files` (paths below `root`) come from, in the order of their names, then the libraries. */
export function notices(root: string, files: readonly string[]): string {
  const folders = new Set(files.map((file) => file.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[0]));
  const sections = [...folders]
    .filter((folder) => folder !== undefined)
    .sort()
    .map((folder) => packageNotice(join(root, folder)));
  const line = `\n${'-'.repeat(80)}\n\n`;
  const all = [...sections, ...linkedLibraries.map(libraryNotice), compilerLibraries];
  return `Slipway contains parts of the following packages.\n${line}${all.join(line)}`;
}

function packageNotice(folder: string): string {
  const { name, version, license }: Record<string, string> = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
  return `${name} ${version} (${license})\n\n${text}\n`;
}

function libraryNotice(name: string): string {
  const file = join('/usr/share/doc', name, 'copyright');
  if (!existsSync(file)) throw new Error(`cannot write the notices: ${file} is missing; run .ci/install-packages`);
  return `${name.replace(/-dev$/, '')}\n\n${readFileSync(file, 'utf8').trim()}\n`;
}
