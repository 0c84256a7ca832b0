import { describe, expect, it } from 'vitest';
import { hashOf, parsePlace, type Place } from './place';

describe('a place', () => {
  const places: Place[] = [
    { page: 'deck', runId: null, file: null },
    { page: 'runs', runId: null, file: null },
    { page: 'rules', runId: null, file: null },
    { page: 'run', runId: 'run_1', file: null },
    { page: 'deck', runId: null, file: { kind: 'library', filename: 'Käse & 50%?#/x.csv' } },
    { page: 'analytics', runId: null, file: null },
    { page: 'compare', runId: null, file: null, asked: { a: 'run_1', b: 'run_2' } },
    { page: 'sql', runId: null, file: null, asked: { q: "SELECT '50%?#&=+' -- ü\nFROM runs" } },
    {
      page: 'events',
      runId: null,
      file: { kind: 'library', filename: 'a.csv' },
      asked: { type: 'started', text: 'a b' }
    },
    {
      page: 'run',
      runId: 'run_1',
      file: { kind: 'artifact', runId: 'run_2', filename: 'a/b c.png' }
    },
    {
      page: 'deck',
      runId: null,
      file: { kind: 'library', filename: 'a.csv', version: 3, lineage: 'used_by' }
    }
  ];

  it.each(places)('%j comes back from its address', (place) => {
    expect(parsePlace(hashOf(place))).toEqual(place);
  });

  it.each(['version=0', 'version=-1', 'version=1.5', 'version=x', 'lineage=sideways'])(
    'takes no notice of %s',
    (asked) => {
      expect(parsePlace(`#/?file=a.csv&${asked}`).file).toEqual({
        kind: 'library',
        filename: 'a.csv'
      });
    }
  );

  it.each(['', '#', '#/', '#/nowhere', '#/%E0%A4%A'])('%s is the Control Deck', (hash) => {
    expect(parsePlace(hash).page).toBe('deck');
  });
});
