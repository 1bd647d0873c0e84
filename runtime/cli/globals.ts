// Options before the command.
import { flag, type OptionSpec, text } from './command.ts';

export const globals: readonly OptionSpec[] = [
  text(
    'host',
    'string',
    'Engine socket to connect to (unix:///path); default: SLIPWAY_HOST, then your own engine',
    'H',
  ),
  flag('debug', 'Show the whole error when something fails', 'D'),
  flag('version', 'Print version information and quit', 'v'),
  flag('help', 'Print usage', 'h'),
];
