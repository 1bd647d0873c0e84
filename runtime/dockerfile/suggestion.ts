/** ` (did you mean X?)` when one of `options` is at most two edits away from `value`, as BuildKit's errors end; else nothing. */
export function suggestion(value: string, options: Iterable<string>): string {
  let best: string | undefined;
  let least = 3;
  for (const option of options) {
    if (option === value) return '';
    const distance = Math.abs(option.length - value.length) >= least ? least : editDistance(value, option);
    if (distance < least) {
      least = distance;
      best = option;
    }
  }
  return best === undefined ? '' : ` (did you mean ${best}?)`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
