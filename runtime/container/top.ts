// docker top: the machine's ps, reduced to the container's processes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { ContainerTop } from '../protocol/container_views.ts';
import { EngineError } from '../protocol/errors.ts';
import { cgroupOf, readOptional } from './cgroup_files.ts';
import type { Container } from './container.ts';
import type { ContainerServices } from './services.ts';

/** Every pid in the container's cgroup, as the host numbers them. */
export async function pidsOf(container: Container): Promise<number[]> {
  const cgroup = await cgroupOf(container.state.pid);
  const directory = cgroup?.directory(cgroup.version === 2 ? '' : 'pids') ?? cgroup?.directory('memory');
  const text = directory === undefined ? undefined : await readOptional(join(directory, 'cgroup.procs'));
  const pids = (text ?? '').split('\n').filter(Boolean).map(Number);
  return pids.length > 0 ? pids : [container.state.pid];
}

function runPs(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('ps', args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        reject(
          new EngineError('Unsupported', 'cannot list processes: this machine has no ps', {
            remedy: 'install it: apt install procps',
          }),
        );
      else reject(new EngineError('InvalidArgument', `ps: ${stderr.trim() || error.message}`));
    });
  });
}

/** Splits into as many fields as there are titles; the last takes the rest. */
function fields(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}

export async function topOf(_services: ContainerServices, container: Container, psArgs: string): Promise<ContainerTop> {
  if (!container.isRunning) throw new EngineError('Conflict', `container ${container.id} is not running`);
  const args = (psArgs || '-ef').split(/\s+/).filter(Boolean);
  // -o with a pid column of another name would leave us without a way to tell whose process a line is.
  if (args.some((arg) => /[^\w\s,=:%+*@./-]/.test(arg)))
    throw new EngineError('InvalidArgument', `invalid ps arguments: ${psArgs}`);
  const [output, pids] = await Promise.all([runPs(args), pidsOf(container)]);
  const [header = '', ...lines] = output.split('\n').filter(Boolean);
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw new EngineError('InvalidArgument', "Couldn't find PID field in ps output");
  const wanted = new Set(pids);
  const processes = lines
    .map((line) => fields(line, titles.length))
    .filter((row) => wanted.has(Number(row[pidColumn])));
  return { Titles: titles, Processes: processes };
}
