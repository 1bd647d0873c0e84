// What the extension registers. Nothing of the engine is touched before a view is shown or a command is run.
import * as vscode from 'vscode';
import { Activity } from './activity.ts';
import { locateEngine } from './bootstrap.ts';
import { Tasks } from './build/tasks.ts';
import { type App, registerCommands } from './commands/app.ts';
import { buildCommands } from './commands/build.ts';
import { containerFileCommands } from './commands/container_files.ts';
import { containerSessionCommands } from './commands/container_sessions.ts';
import { containerStateCommands } from './commands/container_state.ts';
import { imageCommands } from './commands/image.ts';
import { imageTransferCommands } from './commands/image_transfer.ts';
import { networkCommands } from './commands/network.ts';
import { registryCommands } from './commands/registry.ts';
import { systemCommands, viewCommands } from './commands/system.ts';
import { volumeCommands } from './commands/volume.ts';
import { dockerHostCommands, TerminalEnvironment } from './docker_host.ts';
import { Documents } from './documents.ts';
import { Engine } from './engine.ts';
import { ContainerFileSystem } from './files/file_system.ts';
import { scheme } from './files/uris.ts';
import { DockerfileLanguage } from './language_client.ts';
import { Records } from './records.ts';
import { addDockerfile } from './scaffold/add_dockerfile.ts';
import { Terminals } from './terminals/terminals.ts';
import { ContainersView } from './views/containers_view.ts';
import { RecordView } from './views/record_view.ts';
import { RegistriesView } from './views/registries_view.ts';
import type { RowProvider } from './views/row.ts';
import { imageStyle, networkStyle, volumeStyle } from './views/styles.ts';
import { ViewFilter } from './views/view_filter.ts';

/** For other extensions, and for tests: what the views show, by their ids. */
export interface Exposed {
  readonly trees: Readonly<Record<string, RowProvider>>;
}

export function activate(context: vscode.ExtensionContext): Exposed {
  const own = <T extends vscode.Disposable>(disposable: T): T => {
    context.subscriptions.push(disposable);
    return disposable;
  };
  const log = own(vscode.window.createOutputChannel('Slipway', { log: true }));
  const records = own(new Records());
  const activity = own(new Activity());
  const filter = own(new ViewFilter(context.workspaceState));
  const locate = () => locateEngine(context);
  const socket = (): string => locate().socket;
  const engine = own(new Engine(locate, records, log));
  const selections: App['selections'] = new Map();
  const app: App = { context, engine, records, activity, filter, selections, log };

  const containers = own(new ContainersView(app));
  const images = own(new RecordView(engine, records, activity, filter, imageStyle(engine)));
  const volumes = own(new RecordView(engine, records, activity, filter, volumeStyle(engine)));
  const networks = own(new RecordView(engine, records, activity, filter, networkStyle(engine)));
  selections.set('container', () => containers.selection());
  selections.set('image', () => images.selection());
  selections.set('volume', () => volumes.selection());
  selections.set('network', () => networks.selection());
  const registries = own(new RegistriesView(engine));

  const terminals = own(new Terminals(engine, context.workspaceState));
  const documents = own(new Documents());
  const tasks = own(new Tasks(app));
  own(new TerminalEnvironment(context, socket));
  own(new DockerfileLanguage(context, socket));
  const files = own(new ContainerFileSystem(engine));
  own(vscode.workspace.registerFileSystemProvider(scheme, files, { isCaseSensitive: true }));

  own(
    registerCommands(app, {
      ...containerStateCommands,
      ...containerSessionCommands(terminals, documents),
      ...containerFileCommands,
      ...imageCommands(terminals, documents),
      ...imageTransferCommands,
      ...buildCommands(tasks, terminals),
      ...volumeCommands(documents),
      ...networkCommands(documents),
      ...registryCommands(registries),
      ...systemCommands(documents),
      ...viewCommands,
      ...dockerHostCommands(socket),
      'slipway.dockerfile.add': (_app, folder) => addDockerfile(folder instanceof vscode.Uri ? folder : undefined),
    }),
  );
  terminals.restore();
  return {
    trees: {
      'slipway.containers': containers.provider,
      'slipway.images': images.provider,
      'slipway.volumes': volumes.provider,
      'slipway.networks': networks.provider,
    },
  };
}
