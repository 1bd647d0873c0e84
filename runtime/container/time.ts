// Times as Docker writes them: RFC 3339 with nanoseconds, UTC.

/** Now. JavaScript's clock has milliseconds; the rest comes from the monotonic clock, so that times of one process grow. */
export function timestamp(milliseconds?: number): string {
  if (milliseconds !== undefined) return new Date(milliseconds).toISOString();
  const now = performance.timeOrigin + performance.now();
  const wall = Date.now();
  // The monotonic clock does not follow steps of the wall clock: where they differ, the wall clock is right.
  const exact = Math.abs(now - wall) < 5 ? now : wall;
  const fraction = Math.floor((exact % 1000) * 1e6)
    .toString()
    .padStart(9, '0');
  return `${new Date(exact).toISOString().slice(0, 19)}.${fraction}Z`;
}
