// Monitors for containers and exec sessions, with the options that the records ask for.

import { parseSize } from '../protocol/size.ts';
import type { Container } from './container.ts';
import { type LogOptions, launchMonitor, type MonitorClient } from './monitor_client.ts';
import { foreignRuntime, runtimeRoot } from './oci_command.ts';
import type { ContainerRecord } from './record.ts';
import { type ContainerServices, directories } from './services.ts';

/** --log-opt labels and env: what of the container goes into each record. */
function logAttributes({ config, hostConfig, name }: ContainerRecord): Record<string, string> {
  const options = hostConfig.LogConfig?.Config ?? {};
  const attributes: Record<string, string> = {};
  for (const label of (options['labels'] ?? '').split(',')) {
    const value = config.Labels?.[label];
    if (label !== '' && value !== undefined) attributes[label] = value;
  }
  for (const variable of (options['env'] ?? '').split(',')) {
    const entry = config.Env?.find((text) => variable !== '' && text.startsWith(`${variable}=`));
    if (entry !== undefined) attributes[variable] = entry.slice(variable.length + 1);
  }
  if (options['tag']) attributes['tag'] = options['tag'].replaceAll('{{.Name}}', name);
  return attributes;
}

/** Undefined for --log-driver none. */
function logOptions(record: ContainerRecord, path: string): LogOptions | undefined {
  const { Type, Config = {} } = record.hostConfig.LogConfig ?? {};
  if (Type === 'none') return undefined;
  const attributes = logAttributes(record);
  // The local driver rotates by default; json-file only if asked.
  const maxSize = Config['max-size'] ?? (Type === 'local' ? '20m' : undefined);
  const maxFile = Config['max-file'] ?? (Type === 'local' ? '5' : undefined);
  return {
    path,
    ...(maxSize === undefined || maxSize === '-1' ? {} : { maxSize: parseSize(maxSize) }),
    ...(maxFile === undefined ? {} : { maxFile: Number(maxFile) }),
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
  };
}

function common(services: ContainerServices, { id, record }: Container) {
  const runtime = foreignRuntime(services, record.hostConfig.Runtime ?? '');
  return {
    program: services.ociPath,
    root: runtimeRoot(services),
    id,
    ...(services.context.options.cgroupDriver === 'systemd' ? { systemdCgroup: true } : {}),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

/** A monitor with the container created and not started. */
export async function spawnContainerMonitor(services: ContainerServices, container: Container): Promise<MonitorClient> {
  const paths = directories(services, container);
  const log = logOptions(container.record, paths.log);
  return await launchMonitor({
    ...common(services, container),
    bundle: paths.bundle,
    directory: paths.monitor,
    stdin: container.record.config.OpenStdin === true,
    ...(log === undefined ? {} : { log }),
  });
}

/** A monitor for one more process, not started; its directory's parent must exist. */
export async function spawnExecMonitor(
  services: ContainerServices,
  container: Container,
  exec: { readonly id: string; readonly processFile: string; readonly directory: string; readonly stdin: boolean },
): Promise<MonitorClient> {
  return await launchMonitor({
    ...common(services, container),
    directory: exec.directory,
    stdin: exec.stdin,
    exec: { id: exec.id, processFile: exec.processFile },
  });
}
