import { describe, expect, it } from 'vitest';
import type { LibraryRow } from '../api/rows';
import { cameFrom, listed } from './listing';

const row = (filename: string, changes: Partial<LibraryRow> = {}): LibraryRow => ({
  filename,
  size_bytes: 1,
  content_type: 'text/csv',
  sha256: 'a',
  version: 1,
  uploaded_at: '2026-11-20T00:00:00.000Z',
  linked: false,
  scope: 'private',
  origin: null,
  seq: 1,
  ...changes
});
const names = (rows: LibraryRow[]) => rows.map(({ filename }) => filename);

describe('the library list', () => {
  const rows = [row('b10.csv'), row('b9.csv', { size_bytes: 5 }), row('a.txt', { linked: true })];

  it('sorts by name as people count', () => {
    expect(names(listed(rows, '', 'name'))).toEqual(['a.txt', 'b9.csv', 'b10.csv']);
  });

  it('sorts by size and by link, names breaking ties', () => {
    expect(names(listed(rows, '', 'size'))).toEqual(['b9.csv', 'a.txt', 'b10.csv']);
    expect(names(listed(rows, '', 'linked'))[0]).toBe('a.txt');
  });

  it('searches anywhere in the name', () => {
    expect(names(listed(rows, ' B1', 'name'))).toEqual(['b10.csv']);
  });

  it('says where a file came from', () => {
    expect(cameFrom(row('a'))).toBe('');
    expect(
      cameFrom(row('a', { origin: { kind: 'artifact', agent_id: 'w', run_id: 'run_1' } }))
    ).toBe('Made by w in run_1');
  });
});
