// Changing containers that exist: limits, restart policy, name.
import { availableParallelism } from 'node:os';
import type { Resources } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Params } from '../protocol/methods.ts';
import type { Container } from './container.ts';
import { checkResources, checkRestartPolicy } from './create_checks.ts';
import { keepableLimits } from './limits.ts';
import { checkName } from './names.ts';
import { runOci } from './oci_command.ts';
import { type ContainerServices, publish } from './services.ts';
import { limitsOf } from './spec/resources.ts';

/** Zero and empty mean "leave it", as in Docker's API. */
function givenOf(resources: Resources): Resources {
  // Entries of the same type as the source's, fewer of them.
  return Object.fromEntries(
    Object.entries(resources).filter(([, value]) => value !== undefined && value !== 0 && value !== ''),
  ) as Resources;
}

/** NanoCpus and period/quota are two ways to say one thing: the newer wins. */
function merged(old: Resources, given: Resources): Resources {
  const base = { ...old };
  if (given.NanoCpus !== undefined) {
    delete base.CpuPeriod;
    delete base.CpuQuota;
  } else if (given.CpuPeriod !== undefined || given.CpuQuota !== undefined) {
    if (base.NanoCpus)
      throw new EngineError(
        'Conflict',
        'Conflicting options: CPU Period/Quota cannot be updated as NanoCPUs has already been set',
      );
  }
  return { ...base, ...given };
}

export async function updateContainer(
  services: ContainerServices,
  container: Container,
  params: Params<'container.update'>,
): Promise<{ Warnings: string[] }> {
  const { record } = container;
  return await container.exclusive(async () => {
    if (container.removal !== undefined)
      throw new EngineError('Conflict', `container ${container.id} is marked for removal and cannot be "update"`);
    const { limits: given, warnings } = keepableLimits(
      givenOf(params.Resources ?? {}),
      services.facts.missingControllers,
    );
    const host = { ...record.hostConfig, ...merged(record.hostConfig, given) };
    checkResources(host, availableParallelism());
    if (params.RestartPolicy?.Name) {
      checkRestartPolicy(params.RestartPolicy, host.AutoRemove === true);
      host.RestartPolicy = {
        Name: params.RestartPolicy.Name,
        MaximumRetryCount: params.RestartPolicy.MaximumRetryCount ?? 0,
      };
    }
    if (container.isRunning && Object.keys(given).length > 0) {
      const limits = limitsOf({ ...host, MemorySwap: host.MemorySwap ?? 0 }, services.facts);
      await runOci(services, container, ['update', '--resources', '-', container.id], JSON.stringify(limits));
    }
    record.hostConfig = host;
    services.store.save(container);
    publish(services, container, 'update');
    return { Warnings: [...warnings] };
  });
}

export async function renameContainer(services: ContainerServices, container: Container, text: string): Promise<void> {
  if (text === '') throw new EngineError('InvalidArgument', 'Neither old nor new names may be empty');
  const name = checkName(text);
  await container.exclusive(async () => {
    const oldName = container.record.name;
    if (oldName === name)
      throw new EngineError('InvalidArgument', 'Renaming a container with the same name as its current name');
    services.store.rename(container, name);
    publish(services, container, 'rename', { oldName: `/${oldName}` });
  });
}
