// A busybox image for other engines, made of this machine's busybox-static: nothing is downloaded.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBusyboxRoot } from './oci_bundle.ts';

export const busyboxReference = 'slipway.test/busybox:latest';

// Writes the image as a Docker archive (what `docker load`, `podman load` and `ctr images import` read) to `file`.
export function writeBusyboxArchive(file: string): void {
  const work = mkdtempSync(join(tmpdir(), 'slipway-image-'));
  try {
    mkdirSync(join(work, 'root'));
    makeBusyboxRoot(join(work, 'root'));
    mkdirSync(join(work, 'archive'));
    execFileSync('tar', [
      '-C',
      join(work, 'root'),
      '--owner=0',
      '--group=0',
      '-cf',
      join(work, 'archive/layer.tar'),
      '.',
    ]);
    const layer = createHash('sha256')
      .update(readFileSync(join(work, 'archive/layer.tar')))
      .digest('hex');
    const config = {
      architecture: 'amd64',
      os: 'linux',
      created: '2024-01-01T00:00:00Z',
      config: { Env: ['PATH=/bin:/sbin:/usr/bin'], Cmd: ['sh'], WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
      history: [{ created: '2024-01-01T00:00:00Z', created_by: 'slipway test' }],
    };
    writeFileSync(join(work, 'archive/config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: [busyboxReference], Layers: ['layer.tar'] }];
    writeFileSync(join(work, 'archive/manifest.json'), JSON.stringify(manifest));
    execFileSync('tar', ['-C', join(work, 'archive'), '-cf', file, 'manifest.json', 'config.json', 'layer.tar']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
