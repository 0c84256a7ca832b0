// A text's difference as the API writes it, `diff -u`, as lines that know where they stand. Pure.

export interface DiffLine {
  /** `hunk`: what follows stands elsewhere; `note`: about the line before. */
  kind: 'same' | 'added' | 'removed' | 'hunk' | 'note';
  text: string;
  /** The line's number in either text, from 1; null where it is not. */
  a: number | null;
  b: number | null;
}

const HUNK = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@/;

/** "lines 33–71", "line 5"; an empty side stands behind the line it names. */
function span(first: number, length: number): string {
  if (!length) return `after line ${first}`;
  return length === 1 ? `line ${first}` : `lines ${first}–${first + length - 1}`;
}

/** Every line of the hunks, in their order; the marks in front are taken off. */
export function linesOf(unified: string): DiffLine[] {
  if (!unified) return [];
  let [a, b] = [0, 0];
  return unified.split('\n').map((line): DiffLine => {
    const hunk = HUNK.exec(line);
    if (hunk) {
      const [firstA, lengthA, firstB, lengthB] = hunk.slice(1).map(Number) as [
        number,
        number,
        number,
        number
      ];
      // An empty side is said to stand behind a line, not on it.
      [a, b] = [firstA + (lengthA ? 0 : 1), firstB + (lengthB ? 0 : 1)];
      const text = `A ${span(firstA, lengthA)}, B ${span(firstB, lengthB)}`;
      return { kind: 'hunk', text, a: null, b: null };
    }
    const text = line.slice(1);
    if (line.startsWith('+')) return { kind: 'added', text, a: null, b: b++ };
    if (line.startsWith('-')) return { kind: 'removed', text, a: a++, b: null };
    if (line.startsWith('\\')) return { kind: 'note', text: text.trim(), a: null, b: null };
    return { kind: 'same', text, a: a++, b: b++ };
  });
}
