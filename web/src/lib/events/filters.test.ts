import { describe, expect, it } from 'vitest';
import { fileOf, filtersOf, fromField, isAny, queryOf, toField } from './filters';

describe('filters', () => {
  it('are read from the address, and named as the API names them', () => {
    const filters = filtersOf({
      run: 'run_1',
      text: 'a & b',
      from: '2026-11-21T08:00:00.000Z',
      x: 'y'
    });
    expect(queryOf(filters)).toEqual({
      run_id: 'run_1',
      q: 'a & b',
      from: '2026-11-21T08:00:00.000Z'
    });
    expect(isAny(filters)).toBe(true);
  });

  it('that are none ask nothing', () => {
    expect(queryOf(filtersOf({ from: 'gestern', to: '' }))).toEqual({});
    expect(isAny(filtersOf())).toBe(false);
  });

  it('are those of a file too', () => {
    expect(fileOf(filtersOf({ agent: 'a b' }), 'parquet')).toBe(
      '/audit/events/export?agent=a+b&format=parquet'
    );
  });

  it('have moments that come back from a field', () => {
    const moment = '2026-11-21T08:30:00.000Z';
    expect(fromField(toField(moment))).toBe(moment);
    expect(toField('')).toBe('');
    expect(fromField('')).toBe('');
  });
});
