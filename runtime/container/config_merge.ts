// What a container takes over from its image, by Docker's rules.
import type { ContainerDefaults, HealthConfig as ImageHealth } from '../image/config.ts';
import type { ContainerConfig, HealthConfig } from '../protocol/container_config.ts';

function mergedEnv(image: readonly string[], own: readonly string[]): string[] {
  const name = (entry: string) => entry.split('=', 1)[0] ?? entry;
  const given = new Set(own.map(name));
  return [...image.filter((entry) => !given.has(name(entry))), ...own];
}

function mergedHealth(image: ImageHealth | undefined, own: HealthConfig | undefined): HealthConfig | undefined {
  if (own === undefined && image === undefined) return undefined;
  const test = own?.Test !== undefined && own.Test.length > 0 ? own.Test : image?.Test;
  const pick = (name: 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval' | 'Retries') =>
    own?.[name] || image?.[name];
  const merged: HealthConfig = test === undefined ? {} : { Test: [...test] };
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
    const value = pick(name);
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** Entrypoint and command: a given entrypoint discards the image's command; `[""]` clears the entrypoint. */
function mergedCommand(image: ContainerDefaults, own: ContainerConfig): Pick<ContainerConfig, 'Entrypoint' | 'Cmd'> {
  const hasCmd = own.Cmd !== undefined && own.Cmd.length > 0;
  if (own.Entrypoint === undefined || own.Entrypoint.length === 0) {
    return {
      ...(image.Entrypoint === undefined ? {} : { Entrypoint: [...image.Entrypoint] }),
      ...(hasCmd ? { Cmd: own.Cmd ?? [] } : image.Cmd === undefined ? {} : { Cmd: [...image.Cmd] }),
    };
  }
  const cleared = own.Entrypoint.length === 1 && own.Entrypoint[0] === '';
  return { ...(cleared ? {} : { Entrypoint: own.Entrypoint }), ...(hasCmd ? { Cmd: own.Cmd ?? [] } : {}) };
}

/** The container's whole config: its own, completed by the image's. */
export function mergeConfig(own: ContainerConfig, image: ContainerDefaults): ContainerConfig {
  const { Entrypoint: _entrypoint, Cmd: _cmd, Healthcheck: _health, ...rest } = own;
  const health = mergedHealth(image.Healthcheck, own.Healthcheck);
  const exposed = { ...image.ExposedPorts, ...own.ExposedPorts };
  const volumes = { ...image.Volumes, ...own.Volumes };
  const stopSignal = own.StopSignal || image.StopSignal;
  const stopTimeout = own.StopTimeout ?? image.StopTimeout;
  const shell = own.Shell ?? image.Shell;
  return {
    ...rest,
    ...mergedCommand(image, own),
    User: own.User || image.User || '',
    WorkingDir: own.WorkingDir || image.WorkingDir || '',
    Env: mergedEnv(image.Env ?? [], own.Env ?? []),
    Labels: { ...image.Labels, ...own.Labels },
    ...(Object.keys(exposed).length > 0 ? { ExposedPorts: exposed } : {}),
    ...(Object.keys(volumes).length > 0 ? { Volumes: volumes } : {}),
    ...(health === undefined ? {} : { Healthcheck: health }),
    ...(stopSignal ? { StopSignal: stopSignal } : {}),
    ...(stopTimeout === undefined ? {} : { StopTimeout: stopTimeout }),
    ...(shell === undefined ? {} : { Shell: [...shell] }),
  };
}
