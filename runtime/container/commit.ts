// An image from a container: its changes as one more layer, its config with what the client changes in it.
import { applyChanges } from '../image/changes.ts';
import type { ContainerDefaults } from '../image/config.ts';
import type { ContainerConfig } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Params } from '../protocol/methods.ts';
import { mergeConfig } from './config_merge.ts';
import type { Container } from './container.ts';
import { type ContainerServices, directories, publish } from './services.ts';
import { pauseContainer, unpauseContainer } from './stop.ts';
import { commandText } from './summary.ts';

/** What of a container's config belongs into an image: nothing about this run (terminal, hostname, attached streams). */
function imageDefaults(config: ContainerConfig): ContainerDefaults {
  const {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    StopTimeout,
    Healthcheck,
    Shell,
    OnBuild,
  } = config;
  const all = {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    StopTimeout,
    Healthcheck,
    Shell,
    OnBuild,
  };
  // Absent members stay absent; the others have the same types on both sides.
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined && value !== ''),
  ) as ContainerDefaults;
}

async function whilePaused<T>(
  services: ContainerServices,
  container: Container,
  pause: boolean,
  body: () => Promise<T>,
): Promise<T> {
  if (!pause || container.state.status !== 'running') return await body();
  // Not recorded: if this helper does not come to thaw it, the next one does.
  await pauseContainer(services, container, 'for now');
  try {
    return await body();
  } finally {
    await unpauseContainer(services, container);
  }
}

function beingRemoved({ id }: Container, cause?: unknown): EngineError {
  return new EngineError('Conflict', `You cannot commit container ${id} which is being removed`, { cause });
}

export async function commitContainer(
  services: ContainerServices,
  container: Container,
  params: Params<'container.commit'>,
): Promise<{ Id: string }> {
  const { record } = container;
  if (container.removal !== undefined) throw beingRemoved(container);
  const image = await services.images.resolve(record.imageId);
  const base = params.Config === undefined ? record.config : mergeConfig(params.Config, imageDefaults(record.config));
  const config = applyChanges(imageDefaults(base), params.Changes ?? []);
  const id = await whilePaused(services, container, params.Pause !== false, async () => {
    try {
      return await services.images.commit({
        parent: record.imageId,
        upper: directories(services, container).upper,
        config: { ...image.config, config },
        createdBy: commandText(record),
        ...(params.Author === undefined ? {} : { author: params.Author }),
        ...(params.Message === undefined ? {} : { comment: params.Message }),
        ...(params.Reference === undefined ? {} : { reference: params.Reference }),
      });
    } catch (error) {
      throw container.removal === undefined ? error : beingRemoved(container, error);
    }
  });
  publish(
    services,
    container,
    'commit',
    { imageID: id, imageRef: params.Reference ?? '', comment: params.Message ?? '' },
    undefined,
  );
  return { Id: id };
}
