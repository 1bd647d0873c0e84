// Signal names as people write them: `TERM`, `SIGTERM`, `15`, `RTMIN+3`.
import { constants } from 'node:os';
import { EngineError } from '../../protocol/errors.ts';

const realtimeFirst = 34;
const realtimeLast = 64;

/** The number of a signal. Throws `InvalidArgument` (`invalid signal: X`). */
export function signalNumber(text: string): number {
  const invalid = () => new EngineError('InvalidArgument', `invalid signal: ${text}`);
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number < 1 || number > realtimeLast) throw invalid();
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realtime !== null) {
    const base = realtime[1] === 'MIN' ? realtimeFirst : realtimeLast;
    const number = base + (realtime[2] === '-' ? -1 : 1) * Number(realtime[3] ?? 0);
    if (number < realtimeFirst || number > realtimeLast) throw invalid();
    return number;
  }
  const number = Object.entries(constants.signals).find(([known]) => known === `SIG${name}`)?.[1];
  if (number === undefined) throw invalid();
  return number;
}
