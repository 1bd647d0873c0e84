// An image like `node:24-slim`, made of what this machine has: busybox's tools, Node 24 with the libraries it asks for, npm.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeBusyboxRoot } from './oci_bundle.ts';
import { must } from './registry.ts';
import type { TokenRegistry } from './token_registry.ts';

const authorities = 'etc/ssl/certs/ca-certificates.crt';

function makeTree(root: string): void {
  mkdirSync(root);
  makeBusyboxRoot(root);
  chmodSync(join(root, 'tmp'), 0o1777);
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(from, join(root, to), { dereference: true, recursive: true });
  };
  copy(process.execPath, 'usr/local/bin/node');
  // "libstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x…)"
  for (const [library] of execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/\/\S+/g))
    copy(library, library);
  // npm's own folder: its answers about global packages are those of whichever Node runs it.
  const npm = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim());
  copy(join(npm, '../..'), 'usr/local/lib/node_modules/npm');
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  symlinkSync('/bin/env', join(root, 'usr/bin/env'));
  // Whom this machine trusts, the container trusts: registries may stand behind a proxy with a certificate of its own.
  copy(process.env['NODE_EXTRA_CA_CERTS'] ?? '/etc/ssl/certs/ca-certificates.crt', authorities);
}

/** Pushes it as `library/node:24-slim`. */
export async function pushNodeImage(registry: TokenRegistry): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-node-image-'));
  try {
    const root = join(directory, 'root');
    makeTree(root);
    await must('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', `${root}.tar`, '.']);
    const layout = join(directory, 'layout');
    const image = ['--image', `${layout}:node`];
    await must('umoci', ['init', '--layout', layout]);
    await must('umoci', ['new', ...image]);
    await must('umoci', ['raw', 'add-layer', ...image, `${root}.tar`]);
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const trust = `NODE_EXTRA_CA_CERTS=/${authorities}`;
    await must('umoci', [...['config', ...image, '--config.env', path, '--config.env', trust, '--config.cmd', 'node']]);
    const reference = `${registry.host}/library/node:24-slim`;
    await must('skopeo', [
      ...['copy', '--quiet', '--dest-tls-verify=false', '--dest-creds', `${registry.user}:${registry.password}`],
      ...[`oci:${layout}:node`, `docker://${reference}`],
    ]);
    return reference;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
