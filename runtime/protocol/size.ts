// Sizes as people write them: `512`, `64k`, `10m`, `1.5g`, `2GiB` (powers of 1024, as in Docker).
import { EngineError } from './errors.ts';

const powers = 'bkmgtp';

/** Bytes. Throws `InvalidArgument` (`invalid size: 'x'`). */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp])?(?:i?b)?$/i.exec(text.trim());
  if (match === null) throw new EngineError('InvalidArgument', `invalid size: '${text}'`);
  const [, number = '0', unit = 'b'] = match;
  return Math.floor(Number(number) * 1024 ** powers.indexOf(unit.toLowerCase()));
}
