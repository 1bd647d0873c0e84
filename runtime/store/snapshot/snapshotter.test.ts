import { spawnSync } from 'node:child_process';
import { CopySnapshotter } from './copy.ts';
import { FuseOverlaySnapshotter, OverlaySnapshotter } from './overlay.ts';
import { snapshotterContract } from './snapshotter_contract.ts';

const root = process.getuid?.() === 0;
const noFuse = spawnSync('fuse-overlayfs', ['--version']).error === undefined ? false : 'there is no fuse-overlayfs';

snapshotterContract(
  () => new OverlaySnapshotter(!root),
  root ? false : 'overlays of an ordinary user need a namespace',
);
snapshotterContract(
  () => new FuseOverlaySnapshotter(!root),
  root ? noFuse : 'layers with devices need root to be made',
);
snapshotterContract(() => new CopySnapshotter(!root), root ? false : 'layers with devices need root to be made');
