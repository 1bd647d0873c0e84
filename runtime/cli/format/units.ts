// Figures for people, as Docker writes them.
import { humanDuration } from '../../protocol/human_duration.ts';

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

function scaled(size: number, base: number, units: readonly string[], digits: number): string {
  let value = size;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  // Go's %.*g: so many significant digits, without trailing zeros.
  const text = value === 0 ? '0' : Number(value.toPrecision(digits)).toString();
  return `${text}${units[unit]}`;
}

/** `4.27MB`, three significant digits (Docker's HumanSizeWithPrecision(3)). */
export function humanSize(bytes: number, digits = 3): string {
  return scaled(bytes, 1000, decimalUnits, digits);
}

/** `1.5GiB`, four significant digits. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, binaryUnits, 4);
}

/** `3 hours ago`. */
export function ago(milliseconds: number, now = Date.now()): string {
  return `${humanDuration((now - milliseconds) / 1000)} ago`;
}

/** Twelve digits of an id, without `sha256:`. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** At most so many characters, the last an ellipsis. */
export function ellipsis(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
