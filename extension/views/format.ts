// How figures are written in rows, tooltips and pages. Locale-free, like Docker's own columns.

/** Bytes as `512 B`, `1.5 kB`, `187 MB`: decimal units and three significant digits, as in `docker images`. */
export function formatBytes(bytes: number): string {
  return inUnits(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** Memory as `20.1 MiB`, `256 MiB`: binary units, as limits are given (`256m`) and as `docker stats` shows them. */
export function formatMemory(bytes: number): string {
  return inUnits(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

function inUnits(bytes: number, step: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= step;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

/** How long ago something was, in the largest unit that fits: `5 minutes ago`, `just now`. Both times in milliseconds. */
export function formatAge(then: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  const steps: [number, string][] = [
    [31_536_000, 'year'],
    [2_592_000, 'month'],
    [604_800, 'week'],
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  for (const [length, name] of steps) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}

/** The first twelve digits of an id, without its algorithm. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
