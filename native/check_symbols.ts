// Checks what the built binaries ask of the machine: no symbol of a glibc newer than 2.28 (VS Code's own floor), no library
// but glibc's for the addon, none at all for slipway-oci. `npm run check:release` asks it about everything that is packaged.
import { spawnSync } from 'node:child_process';

const newest = [2, 28] as const;
const ownLibraries = /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|ld-linux-.*\.so\.\d)$/;

/** The complaints about a shared object or program, e.g. `needs pthread_create of glibc 2.34`. */
export function checkSymbols(path: string): string[] {
  const complaints: string[] = [];
  // "0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.2.5) read"
  for (const [, major, minor, name] of run('objdump', '-T', path).matchAll(
    /\*UND\*.*GLIBC_(\d+)\.(\d+)\S*\s+(\S+)$/gm,
  )) {
    const tooNew = Number(major) > newest[0] || (Number(major) === newest[0] && Number(minor) > newest[1]);
    if (tooNew) complaints.push(`needs ${name} of glibc ${major}.${minor}`);
  }
  for (const [, library = ''] of run('objdump', '-p', path).matchAll(/^\s+NEEDED\s+(\S+)/gm)) {
    if (!ownLibraries.test(library)) complaints.push(`needs the library ${library}`);
  }
  return complaints;
}

function run(program: string, ...words: string[]): string {
  const { stdout, stderr, status, error } = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 1 << 26 });
  // A static program has no dynamic section: objdump says so on its error stream and still succeeds.
  if (status !== 0 && !stderr.includes('not a dynamic object'))
    throw new Error(`${program}: ${error?.message ?? stderr}`);
  return stdout;
}
