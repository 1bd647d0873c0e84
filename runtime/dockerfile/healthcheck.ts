// A HEALTHCHECK as an image's config has it, durations in nanoseconds.
import type { HealthcheckInstruction } from './ast.ts';
import { parseDuration } from './duration.ts';
import { flagValue } from './flags.ts';

export function healthcheck(instruction: HealthcheckInstruction) {
  if (instruction.type?.raw.toUpperCase() === 'NONE') return { Test: ['NONE'] };
  const { command } = instruction;
  const Test =
    command === undefined || command.form === 'shell'
      ? ['CMD-SHELL', command?.text ?? '']
      : ['CMD', ...command.arguments.map(({ value }) => value)];
  const duration = (name: string): number | undefined => {
    const value = flagValue(instruction, name);
    const milliseconds = value === undefined ? undefined : parseDuration(value);
    return milliseconds === undefined ? undefined : milliseconds * 1e6;
  };
  const retries = flagValue(instruction, 'retries');
  const fields = {
    Interval: duration('interval'),
    Timeout: duration('timeout'),
    StartPeriod: duration('start-period'),
    StartInterval: duration('start-interval'),
    Retries: retries === undefined ? undefined : Number(retries),
  };
  const given = Object.entries(fields).filter(
    (entry): entry is [string, number] => entry[1] !== undefined && entry[1] !== 0,
  );
  return { Test, ...Object.fromEntries(given) };
}
