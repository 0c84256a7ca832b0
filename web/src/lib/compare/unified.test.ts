import { describe, expect, it } from 'vitest';
import { linesOf } from './unified';

describe('a difference of texts', () => {
  it('knows for each line where it stands in either text', () => {
    const lines = linesOf('@@ -3,3 +3,3 @@\n one\n-two\n+zwei\n three');
    expect(lines.map(({ kind, text, a, b }) => [kind, text, a, b])).toEqual([
      ['hunk', 'A lines 3–5, B lines 3–5', null, null],
      ['same', 'one', 3, 3],
      ['removed', 'two', 4, null],
      ['added', 'zwei', null, 4],
      ['same', 'three', 5, 5]
    ]);
  });

  it('starts anew with every hunk', () => {
    const lines = linesOf('@@ -1,1 +1,1 @@\n-a\n+b\n@@ -40,1 +41,1 @@\n-c\n+d');
    expect(lines.filter(({ kind }) => kind === 'added').map(({ b }) => b)).toEqual([1, 41]);
  });

  it('counts from the first line where the other side is empty', () => {
    const [hunk, line] = linesOf('@@ -0,0 +1,1 @@\n+first');
    expect(hunk!.text).toBe('A after line 0, B line 1');
    expect(line).toEqual({ kind: 'added', text: 'first', a: null, b: 1 });
  });

  it('takes no text for a mark of its own', () => {
    const kinds = linesOf('@@ -1,3 +1,3 @@\n-@@ -1,1 +1,1 @@\n+--- a\n \\ x\n same').map(
      ({ kind, text }) => [kind, text]
    );
    expect(kinds.slice(1)).toEqual([
      ['removed', '@@ -1,1 +1,1 @@'],
      ['added', '--- a'],
      ['same', '\\ x'],
      ['same', 'same']
    ]);
  });

  it('says what is missing at the end of a text', () => {
    const lines = linesOf('@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a');
    expect(lines[2]).toMatchObject({ kind: 'note', text: 'No newline at end of file' });
    expect(linesOf('')).toEqual([]);
  });
});
