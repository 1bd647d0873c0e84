// A network namespace of the benchmark's own: Docker writes rules for its bridge.
import { spawnSync } from 'node:child_process';

const marker = 'SLIPWAY_BENCHMARK_INSIDE';

/** Returns inside the namespace; outside of it the program is run again within, and ends as that run did. */
export function enterOwnNetwork(): void {
  if (process.env[marker] !== undefined) return;
  const script = 'ip link set lo up && exec "$0" "$@"';
  const again = ['--net', 'sh', '-c', script, process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', again, { stdio: 'inherit', env: { ...process.env, [marker]: '1' } });
  process.exit(status ?? 1);
}
