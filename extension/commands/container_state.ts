// Commands that change a container's state, name or limits, or take it away.
import * as vscode from 'vscode';
import type { Params } from '../../runtime/protocol/methods.ts';
import { parseSize } from '../run/options.ts';
import { formatBytes } from '../views/format.ts';
import { containerName, isLive } from '../views/grouping.ts';
import { type App, confirmRemoval, forEach, type Handler, recordName, target, targets } from './app.ts';

const signals = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGSTOP', 'SIGCONT'];

export const containerStateCommands: Readonly<Record<string, Handler>> = {
  'slipway.container.start': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Start which container?'),
      only: (container) => !isLive(container),
    });
    await forEach(app, 'container', containers, vscode.l10n.t('starting…'), (client, { Id }) =>
      client.call('container.start', { Container: Id }),
    );
  },

  'slipway.container.stop': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Stop which container?'),
      only: isLive,
    });
    await forEach(app, 'container', containers, vscode.l10n.t('stopping…'), (client, { Id }) =>
      client.call('container.stop', { Container: Id }),
    );
  },

  'slipway.container.restart': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Restart which container?'),
    });
    await forEach(app, 'container', containers, vscode.l10n.t('restarting…'), (client, { Id }) =>
      client.call('container.restart', { Container: Id }),
    );
  },

  'slipway.container.pause': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Pause which container?'),
      only: ({ State }) => State === 'running',
    });
    await forEach(app, 'container', containers, vscode.l10n.t('pausing…'), (client, { Id }) =>
      client.call('container.pause', { Container: Id }),
    );
  },

  'slipway.container.unpause': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Unpause which container?'),
      only: ({ State }) => State === 'paused',
    });
    await forEach(app, 'container', containers, vscode.l10n.t('unpausing…'), (client, { Id }) =>
      client.call('container.unpause', { Container: Id }),
    );
  },

  'slipway.container.kill': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Send a signal to which container?'),
      only: isLive,
    });
    if (containers.length === 0) return;
    const Signal = await vscode.window.showQuickPick(signals, { title: vscode.l10n.t('Which signal?') });
    if (Signal === undefined) return;
    await forEach(app, 'container', containers, vscode.l10n.t('sending {0}…', Signal), (client, { Id }) =>
      client.call('container.kill', { Container: Id, Signal }),
    );
  },

  'slipway.container.rename': async (app, first) => {
    const container = await target(app, 'container', first, { question: vscode.l10n.t('Rename which container?') });
    if (container === undefined) return;
    const old = containerName(container);
    const Name = await vscode.window.showInputBox({
      title: vscode.l10n.t('New name of {0}', old),
      value: old,
      validateInput: (name) =>
        /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)
          ? undefined
          : vscode.l10n.t(
              'A name has letters, digits, “_”, “.” and “-”, at least two, and begins with a letter or digit.',
            ),
    });
    if (Name === undefined || Name === old) return;
    await forEach(app, 'container', [container], vscode.l10n.t('renaming…'), (client, { Id }) =>
      client.call('container.rename', { Container: Id, Name }),
    );
  },

  'slipway.container.remove': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Remove which container?'),
    });
    if (containers.length === 0) return;
    const running = containers.filter(isLive).length;
    const question =
      running > 0
        ? vscode.l10n.t('Remove {0} containers, {1} of them running, with what they wrote?', containers.length, running)
        : vscode.l10n.t('Remove {0} containers with what they wrote?', containers.length);
    const names = containers.map((container) => recordName('container', container));
    if (!(await confirmRemoval(question, names, vscode.l10n.t('Remove')))) return;
    await forEach(app, 'container', containers, vscode.l10n.t('removing…'), (client, { Id }) =>
      client.call('container.remove', { Container: Id, Force: running > 0, Volumes: true }),
    );
  },

  'slipway.container.prune': async (app) => {
    const client = await app.engine.client();
    const stopped = app.records.all('container').filter(({ State }) => ['created', 'exited', 'dead'].includes(State));
    if (stopped.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There are no stopped containers.'));
      return;
    }
    const question = vscode.l10n.t('Remove all {0} stopped containers?', stopped.length);
    if (!(await confirmRemoval(question, stopped.map(containerName), vscode.l10n.t('Remove')))) return;
    const { ContainersDeleted, SpaceReclaimed } = await client.call('container.prune', {});
    void vscode.window.showInformationMessage(
      vscode.l10n.t('Removed {0} containers, freed {1}.', ContainersDeleted.length, formatBytes(SpaceReclaimed)),
    );
  },

  'slipway.container.update': async (app, first) => {
    const container = await target(app, 'container', first, { question: vscode.l10n.t('Limit which container?') });
    if (container === undefined) return;
    const Resources = await askLimits();
    if (Resources === undefined) return;
    await forEach(app, 'container', [container], vscode.l10n.t('updating…'), (client, { Id }) =>
      client.call('container.update', { Container: Id, Resources }),
    );
  },

  'slipway.container.notifyOnExit': async (app, first, all) => {
    const containers = await targets(app, 'container', first, all, {
      question: vscode.l10n.t('Tell when which container exits?'),
      only: isLive,
    });
    const client = await app.engine.client();
    for (const container of containers) {
      const name = containerName(container);
      void client.call('container.wait', { Container: container.Id, Condition: 'next-exit' }).then(
        ({ StatusCode }) =>
          vscode.window.showInformationMessage(vscode.l10n.t('{0} ended with code {1}.', name, StatusCode)),
        (error: unknown) => app.log.warn(`waiting for ${name}: ${String(error)}`),
      );
    }
    if (containers.length > 0) {
      void vscode.window.setStatusBarMessage(vscode.l10n.t('Slipway will tell when it exits.'), 3000);
    }
  },

  'slipway.container.copyId': (app, first, all) => copyOf(app, first, all, ({ Id }) => Id),
  'slipway.container.copyName': (app, first, all) => copyOf(app, first, all, containerName),
  'slipway.container.copyIp': (app, first, all) =>
    copyOf(app, first, all, (container) =>
      Object.values(container.NetworkSettings.Networks)
        .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
        .filter(Boolean)
        .join(' '),
    ),
};

async function copyOf(
  app: App,
  first: unknown,
  all: unknown,
  text: (container: Parameters<typeof containerName>[0]) => string,
): Promise<void> {
  const containers = await targets(app, 'container', first, all, { question: vscode.l10n.t('Of which container?') });
  if (containers.length > 0) await vscode.env.clipboard.writeText(containers.map(text).join('\n'));
}

type Limits = NonNullable<Params<'container.update'>['Resources']>;

/** Asks for each limit; an empty answer leaves it as it is. `undefined` when a person gave up. */
async function askLimits(): Promise<Limits | undefined> {
  const number = (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw new Error(vscode.l10n.t('“{0}” is not a number.', text));
    return value;
  };
  const memory = await askValue(vscode.l10n.t('Memory limit, like 512m'), parseSize);
  if (memory === undefined) return undefined;
  const cpus = await askValue(vscode.l10n.t('Processors, like 1.5'), number);
  if (cpus === undefined) return undefined;
  const pids = await askValue(vscode.l10n.t('Process limit, 0 for none'), number);
  if (pids === undefined) return undefined;
  return {
    // Swap stays what it is in relation to memory: as much again, as at creation.
    ...(memory.value === undefined ? {} : { Memory: memory.value, MemorySwap: memory.value * 2 }),
    ...(cpus.value === undefined ? {} : { NanoCpus: Math.round(cpus.value * 1e9) }),
    ...(pids.value === undefined ? {} : { PidsLimit: pids.value }),
  };
}

async function askValue(
  title: string,
  parse: (text: string) => number,
): Promise<{ value: number | undefined } | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    placeHolder: vscode.l10n.t('Empty: leave it as it is'),
    validateInput: (value) => {
      try {
        if (value.trim() !== '') parse(value.trim());
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  });
  if (text === undefined) return undefined;
  return { value: text.trim() === '' ? undefined : parse(text.trim()) };
}
