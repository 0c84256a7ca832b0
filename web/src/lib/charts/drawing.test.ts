import { describe, expect, it } from 'vitest';
import {
  byteTicks,
  described,
  drawingOf,
  guess,
  MOST_BARS,
  MOST_POINTS,
  MOST_SERIES
} from './drawing';

const DAYS = [
  { name: 'day', type: 'DATE' },
  { name: 'model', type: 'VARCHAR' },
  { name: 'tokens', type: 'BIGINT' },
  { name: 'cost_usd', type: 'DOUBLE' }
];

describe('a drawing', () => {
  it('has times in their order, whatever the order of the rows', () => {
    const drawing = drawingOf({ type: 'bar', x: 'day', y: ['tokens'], series: 'model' }, DAYS, [
      ['2026-11-02', 'b', 5, 0],
      ['2026-11-01', 'a', '7', 0],
      ['never', 'a', 1, 0],
      ['2026-11-03', 'a', null, 0],
      ['2026-11-03', null, 2, 0]
    ])!;
    expect(drawing.points.map(({ x, y, series }) => [(x as Date).getUTCDate(), y, series])).toEqual(
      [
        [1, 7, 'a'],
        [2, 5, 'b'],
        [3, 2, '∅']
      ]
    );
    expect(drawing.series).toEqual(['a', 'b', '∅']);
  });

  it('makes a series of each column', () => {
    const drawing = drawingOf({ type: 'line', x: 'day', y: ['tokens', 'cost_usd'] }, DAYS, [
      ['2026-11-02', 'b', 5, 0.5]
    ])!;
    expect(drawing.series).toEqual(['tokens', 'cost_usd']);
    expect(drawing.yName).toBe('');
  });

  it('is none where there is nothing to draw', () => {
    const spec = { type: 'bar', x: 'day', y: ['tokens'] } as const;
    expect(drawingOf({ ...spec, y: [...spec.y] }, DAYS, [])).toBeNull();
    expect(drawingOf({ ...spec, y: ['nothing'] }, DAYS, [['2026-11-01', 'a', 1, 1]])).toBeNull();
    expect(drawingOf({ ...spec, y: ['model'] }, DAYS, [['2026-11-01', 'a', 1, 1]])).toBeNull();
  });

  it('leaves out what nobody could read, and says how much', () => {
    const columns = [
      { name: 'path', type: 'VARCHAR' },
      { name: 'n', type: 'BIGINT' }
    ];
    const many = Array.from({ length: MOST_BARS + 3 }, (_, n) => [`p${n}`, n]);
    const bars = drawingOf({ type: 'bar', x: 'path', y: ['n'] }, columns, many)!;
    expect([bars.points.length, bars.left_out]).toEqual([MOST_BARS, 3]);
    const numbers = [
      { name: 'x', type: 'BIGINT' },
      { name: 'n', type: 'BIGINT' }
    ];
    const rows = Array.from({ length: MOST_POINTS + 5 }, (_, n) => [n, n]);
    expect(drawingOf({ type: 'dot', x: 'x', y: ['n'] }, numbers, rows)!.left_out).toBe(5);
  });

  it('keeps rows of the same name apart, unless they are to be piled up', () => {
    const columns = [
      { name: 'path', type: 'VARCHAR' },
      { name: 'n', type: 'BIGINT' }
    ];
    const rows = [
      ['a', 1],
      ['b', 2],
      ['a', 3]
    ];
    const places = (stacked: boolean) =>
      drawingOf({ type: 'bar', x: 'path', y: ['n'], stacked }, columns, rows)!.points.map(
        ({ x }) => x
      );
    expect(places(false)).toEqual(['a', 'b', 'a (2)']);
    expect(places(true)).toEqual(['a', 'b', 'a']);
  });

  it('joins small series', () => {
    const rows = Array.from({ length: 9 }, (_, n) => ['2026-11-01', `m${n}`, 10 - n, 0]);
    const drawing = drawingOf(
      { type: 'bar', x: 'day', y: ['tokens'], series: 'model' },
      DAYS,
      rows
    )!;
    expect(drawing.series).toHaveLength(MOST_SERIES);
    expect(drawing.points.find(({ series }) => series === 'others')!.y).toBe(5 + 4 + 3 + 2);
    expect(drawing.points.reduce((sum, { y }) => sum + y, 0)).toBe(54);
  });

  it('says in a sentence what it shows', () => {
    const drawing = drawingOf({ type: 'bar', x: 'day', y: ['tokens'] }, DAYS, [
      ['2026-11-01', 'a', 7, 0],
      ['2026-11-02', 'a', 9, 0]
    ])!;
    expect(described(drawing)).toBe('Bars of tokens by day; 2 values; highest 9 at 2026-11-02');
  });
});

describe('a guess', () => {
  it('takes a time before a name, and no number that is a name', () => {
    expect(guess(DAYS)).toEqual({ type: 'line', x: 'day', y: ['tokens'] });
    expect(
      guess([
        { name: 'seq', type: 'BIGINT' },
        { name: 'agent_id', type: 'VARCHAR' },
        { name: 'turns', type: 'INTEGER' }
      ])
    ).toEqual({ type: 'bar', x: 'agent_id', y: ['turns'] });
  });

  it('sets numbers against numbers where there is nothing else', () => {
    const columns = ['a', 'b'].map((name) => ({ name, type: 'DOUBLE' }));
    expect(guess(columns)).toEqual({ type: 'dot', x: 'a', y: ['b'] });
    expect(guess(columns.slice(0, 1))).toBeNull();
  });
});

describe('steps of bytes', () => {
  it.each([
    [0, [0, 1]],
    [3, [0, 1, 2, 3]],
    [2_200_000, [0, 1, 2, 3].map((n) => n * 1024 ** 2)],
    [900 * 1024, [0, 1, 2].map((n) => n * 500 * 1024)]
  ])('up to %d are round', (bytes, ticks) => {
    expect(byteTicks(bytes)).toEqual(ticks);
  });
});
