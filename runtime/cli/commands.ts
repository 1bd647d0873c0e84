// Every command. A command is declared where it is implemented; this is the list.
import type { CommandSpec } from './command.ts';
import { buildCommands } from './commands/build.ts';
import { completionCommands } from './commands/completion.ts';
import { containerFileCommands } from './commands/container_files.ts';
import { containerLifeCommands } from './commands/container_life.ts';
import { containerListCommands } from './commands/container_list.ts';
import { containerLogsCommands } from './commands/container_logs.ts';
import { containerRunCommands } from './commands/container_run.ts';
import { containerStatsCommands } from './commands/container_stats.ts';
import { execCommands } from './commands/exec.ts';
import { imageCommands } from './commands/image.ts';
import { imageTransferCommands } from './commands/image_transfer.ts';
import { inspectCommands } from './commands/inspect.ts';
import { lintCommands } from './commands/lint.ts';
import { networkCommands } from './commands/network.ts';
import { registryCommands } from './commands/registry.ts';
import { systemCommands } from './commands/system.ts';
import { volumeCommands } from './commands/volume.ts';

export const commands: readonly CommandSpec[] = [
  ...containerRunCommands,
  ...containerLifeCommands,
  ...containerListCommands,
  ...containerLogsCommands,
  ...containerStatsCommands,
  ...containerFileCommands,
  ...execCommands,
  ...imageCommands,
  ...buildCommands,
  ...imageTransferCommands,
  ...networkCommands,
  ...volumeCommands,
  ...registryCommands,
  ...systemCommands,
  ...inspectCommands,
  ...lintCommands,
  ...completionCommands(() => commands),
];
