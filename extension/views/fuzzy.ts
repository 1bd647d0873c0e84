// The filter of the views: every word of it must be found in the text, its letters in order, not necessarily together.

/** Whether each word of `filter` is a subsequence of `text`; case is ignored. An empty filter matches everything. */
export function fuzzyMatches(filter: string, text: string): boolean {
  const haystack = text.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => isSubsequence(word, haystack));
}

function isSubsequence(word: string, text: string): boolean {
  let from = 0;
  for (const letter of word) {
    const at = text.indexOf(letter, from);
    if (at < 0) return false;
    from = at + letter.length;
  }
  return true;
}
