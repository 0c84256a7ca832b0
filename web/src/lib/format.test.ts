import { describe, expect, it } from 'vitest';
import { age, baseName, count, dollars, duration, ending, plural, shortRun, size } from './format';

describe('how things are written', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KB'],
    [5 * 1024 ** 3, '5.0 GB'],
    [150 * 1024, '150 KB']
  ])('%i bytes are %s', (bytes, words) => expect(size(bytes)).toBe(words));

  it.each([
    [999, '999'],
    [12_345, '12.3k'],
    [123_456, '123k'],
    [2_500_000, '2.5M']
  ])('%i is %s', (n, words) => expect(count(n)).toBe(words));

  it.each([
    [0, '$0.00'],
    [0.00001, '<$0.0001'],
    [0.00123, '$0.0012'],
    [12.345, '$12.35']
  ])('%f dollars are %s', (usd, words) => expect(dollars(usd)).toBe(words));

  it.each([
    [-5, '0 ms'],
    [999, '999 ms'],
    [1_500, '1.5 s'],
    [59_999, '59 s'],
    [83_000, '1 m 23 s'],
    [3_660_000, '1 h 1 m'],
    [90_000_000, '1 d 1 h']
  ])('%i ms are %s', (ms, words) => expect(duration(ms)).toBe(words));

  it.each([
    [-1, 'now'],
    [30, '30 s'],
    [90, '1 m'],
    [7_200, '2 h'],
    [172_800, '2 d']
  ])('%i s ago is %s', (s, words) => {
    expect(age('2026-11-21T00:00:00.000Z', Date.parse('2026-11-21T00:00:00.000Z') + s * 1000)).toBe(
      words
    );
  });

  it('names', () => {
    expect(baseName('a/b.csv')).toBe('b.csv');
    expect([ending('a.b/C.TAR.GZ'), ending('.hidden'), ending('none')]).toEqual(['gz', '', '']);
    expect(shortRun('run_5f2c8a9b7d1e4f60')).toBe('5f2c8a9b');
    expect([plural(1, 'file'), plural(2, 'file'), plural(0, 'entry', 'entries')]).toEqual([
      '1 file',
      '2 files',
      '0 entries'
    ]);
  });
});
