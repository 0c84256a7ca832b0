import { describe, expect, it } from 'vitest';
import { added, LONGEST_CHARS, MOST, oneLine, read, type Past } from './history';

const past = (sql: string, rows: number | null = 1): Past => ({
  sql,
  at: '2026-11-21T12:00:00Z',
  rows
});

describe('the history', () => {
  it('has the newest first, each query once', () => {
    const list = ['a', 'b', 'a'].reduce<Past[]>((all, sql) => added(all, past(sql)), []);
    expect(list.map(({ sql }) => sql)).toEqual(['a', 'b']);
  });

  it('has an end', () => {
    const list = Array.from({ length: MOST + 9 }, (_, n) => `q${n}`).reduce<Past[]>(
      (all, sql) => added(all, past(sql)),
      []
    );
    expect(list).toHaveLength(MOST);
    expect(list[0]!.sql).toBe(`q${MOST + 8}`);
  });

  it('keeps nothing empty and nothing endless', () => {
    expect(added([], past('  \n'))).toEqual([]);
    expect(added([], past('x'.repeat(LONGEST_CHARS + 1)))).toEqual([]);
  });

  it('comes back as it was kept', () => {
    const list = [past('SELECT 1'), past('SELEC', null)];
    expect(read(JSON.stringify(list))).toEqual(list);
  });

  it.each([
    null,
    '',
    '{',
    'null',
    '{"sql":"x"}',
    '[1, {"sql": 1}, {"sql": "x", "at": "never", "rows": 1}]'
  ])('of %s is empty', (text) => expect(read(text)).toEqual([]));
});

it('a query on one line has no gaps', () => expect(oneLine(' SELECT\n\t1 ')).toBe('SELECT 1'));
