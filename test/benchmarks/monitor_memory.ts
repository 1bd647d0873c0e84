// What idle monitors cost: 500 containers at once, the PSS of each of their monitors.
//   node test/benchmarks/monitor_memory.ts [CONTAINERS]
import { readFileSync } from 'node:fs';
import { MonitoredContainers, type Watched } from '../support/monitor.ts';
import { figuresOf, machine } from './support/compare.ts';
import { record } from './support/record.ts';

const count = Number(process.argv[2] ?? 500);

/** Kilobytes of smaps_rollup, by name. */
function memoryOf(pid: number): Map<string, number> {
  const rows = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1').matchAll(/^(\w+): +(\d+) kB$/gm);
  return new Map(Array.from(rows, ([, name = '', size = '0']) => [name, Number(size)]));
}

/** The monitor gives memory back a moment after the start; it is idle then. */
async function settled(pid: number): Promise<void> {
  let before = -1;
  for (let now = memoryOf(pid).get('Rss') ?? 0; now !== before; now = memoryOf(pid).get('Rss') ?? 0) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function report(title: string, watched: readonly Watched[]): void {
  console.log(`\n${title}`);
  for (const name of ['Pss', 'Pss_Anon', 'Pss_File', 'Rss', 'Private_Dirty']) {
    const { median, min, max } = figuresOf(
      name,
      watched.map(({ client }) => memoryOf(client.monitorPid).get(name) ?? 0),
    );
    if (name === 'Pss') record({ what: `memory of a monitor (PSS), ${title}`, unit: 'KiB', name: 'slipway', median });
    console.log(`${name.padEnd(16)} median ${median} KiB, min ${min}, max ${max}`);
  }
}

await using containers = new MonitoredContainers();
console.log(machine());
const watched: Watched[] = [];
const begin = performance.now();
for (let index = 0; index < count; index += 1) {
  watched.push(await containers.start({ args: ['sleep', '100000'], log: true, options: { stdin: true } }));
  if (index === 0) {
    await settled(watched[0]?.client.monitorPid ?? 0);
    report('one container alone', watched);
  }
}
console.log(`\n${count} containers started one after the other in ${Math.round(performance.now() - begin)} ms`);
await settled(watched.at(-1)?.client.monitorPid ?? 0);
report(`${count} containers`, watched);
