import { describe, expect, it } from 'vitest';
import { kindOf, measured, ordered, plain, unitOf, widths, written } from './values';

describe('a column', () => {
  it.each([
    ['BIGINT', 'number'],
    ['DECIMAL(18,3)', 'number'],
    ['DATE', 'time'],
    ['TIMESTAMP WITH TIME ZONE', 'time'],
    ['TIMESTAMP[]', 'name'],
    ['VARCHAR', 'name'],
    ['STRUCT(a INTEGER)', 'name']
  ])('of %s holds a %s', (type, kind) => expect(kindOf(type)).toBe(kind));

  it.each([
    ['total_size_bytes', 'bytes'],
    ['cost_usd', 'usd'],
    ['failure_rate', 'share'],
    ['median_s', 'seconds'],
    ['latency_ms', 'ms'],
    ['hours_left', 'hours'],
    ['runs', null],
    ['bytestream', null]
  ])('called %s counts %s', (name, unit) => expect(unitOf(name)).toBe(unit));
});

describe('a value', () => {
  it('is written with its unit', () => {
    expect(measured(1536, 'bytes')).toBe('1.5 KB');
    expect(measured(0.000123, 'usd')).toBe('$0.000123');
    expect(measured(0.25, 'share')).toBe('25 %');
    expect(measured(83, 'seconds')).toBe('1 m 23 s');
    expect(measured(1_250_000, null)).toBe('1.3M');
    expect(measured(0.123456, null)).toBe('0.1235');
  });

  it('is written whole where nothing is known of it', () => {
    expect(written('9007199254740993', { name: 'n', type: 'HUGEINT' })).toBe('9007199254740993');
    expect(written('not a moment', { name: 't', type: 'TIMESTAMP' })).toBe('not a moment');
    expect(written({ a: [1] }, { name: 's', type: 'JSON' })).toBe('{"a":[1]}');
    expect(plain(null)).toBe('');
    expect(plain(false)).toBe('false');
  });
});

describe('an order', () => {
  it('takes numbers as numbers, and what is missing last either way', () => {
    const rows = [[10], [null], ['9007199254740993'], [9]];
    expect(ordered(rows, 0, 'number', false)).toEqual([[9], [10], ['9007199254740993'], [null]]);
    expect(ordered(rows, 0, 'number', true)).toEqual([['9007199254740993'], [10], [9], [null]]);
  });

  it('takes names as people count', () => {
    expect(ordered([['b'], ['a10'], ['a9']], 0, 'name', false)).toEqual([['a9'], ['a10'], ['b']]);
  });
});

it('widths fit head and content, within bounds', () => {
  const columns = [
    { name: 'id', type: 'VARCHAR' },
    { name: 'a_long_name_of_a_column', type: 'INTEGER' },
    { name: 'text', type: 'VARCHAR' }
  ];
  expect(widths(columns, [['x', 1, 'y'.repeat(500)]], written)).toEqual([7, 25, 44]);
});
