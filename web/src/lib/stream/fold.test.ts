import { describe, expect, it } from 'vitest';
import type { ArtifactRow, LibraryRow } from '../api/rows';
import { artifactKey, emptyTables, takePatch, takeSnapshot } from './fold';

const file = (filename: string, seq: number, version = 1) =>
  ({ filename, seq, version }) as LibraryRow;
const made = (run_id: string, filename: string, seq: number) =>
  ({ run_id, filename, seq }) as ArtifactRow;

describe('the fold', () => {
  it('forgets what was there when a snapshot comes', () => {
    const tables = emptyTables();
    takeSnapshot(tables, { view: 'library', rows: [file('a', 1), file('b', 2)], head: 2 });
    takeSnapshot(tables, { view: 'library', rows: [file('c', 3)], head: 3 });
    expect([...tables.library.keys()]).toEqual(['c']);
  });

  it('takes new rows, newer ones, and removals', () => {
    const tables = emptyTables();
    takeSnapshot(tables, { view: 'library', rows: [file('a', 1), file('b', 2)], head: 2 });
    takePatch(tables, {
      view: 'library',
      upserts: [file('a', 3, 2), file('c', 4)],
      removes: ['b'],
      head: 4
    });
    expect(
      [...tables.library.values()].map(({ filename, version }) => [filename, version])
    ).toEqual([
      ['a', 2],
      ['c', 1]
    ]);
  });

  it('keeps a row that is newer than what comes late, and changes nothing when a patch comes twice', () => {
    const tables = emptyTables();
    const patch = { view: 'library', upserts: [file('a', 5, 3)], removes: [], head: 5 } as const;
    takePatch(tables, { ...patch, upserts: [...patch.upserts], removes: [] });
    takePatch(tables, { ...patch, upserts: [...patch.upserts], removes: [] });
    takePatch(tables, { view: 'library', upserts: [file('a', 4, 2)], removes: [], head: 5 });
    expect(tables.library.get('a')?.version).toBe(3);
  });

  it('tells artifacts of the same name apart by their run', () => {
    const tables = emptyTables();
    takePatch(tables, {
      view: 'artifacts',
      upserts: [made('r1', 'x', 1), made('r2', 'x', 2)],
      removes: [],
      head: 2
    });
    takePatch(tables, {
      view: 'artifacts',
      upserts: [],
      removes: [{ run_id: 'r1', filename: 'x' }],
      head: 3
    });
    expect([...tables.artifacts.keys()]).toEqual([artifactKey('r2', 'x')]);
  });

  it('folds a patch into ten thousand rows', () => {
    const tables = emptyTables();
    const rows = Array.from({ length: 10_000 }, (_, i) => made(`r${i % 100}`, `f${i}`, i));
    takeSnapshot(tables, { view: 'artifacts', rows, head: 10_000 });
    const began = performance.now();
    takePatch(tables, {
      view: 'artifacts',
      upserts: rows.slice(0, 100),
      removes: [],
      head: 10_001
    });
    console.log(
      `a patch of 100 into 10,000 rows took ${(performance.now() - began).toFixed(2)} ms`
    );
    expect(tables.artifacts.size).toBe(10_000);
  });
});
