import { describe, expect, it } from 'vitest';
import { hashOf, parsePlace, type Place } from './place';

describe('a place', () => {
  const places: Place[] = [
    { page: 'deck', runId: null, file: null },
    { page: 'runs', runId: null, file: null },
    { page: 'rules', runId: null, file: null },
    { page: 'run', runId: 'run_1', file: null },
    { page: 'deck', runId: null, file: { kind: 'library', filename: 'Käse & 50%?#/x.csv' } },
    {
      page: 'run',
      runId: 'run_1',
      file: { kind: 'artifact', runId: 'run_2', filename: 'a/b c.png' }
    }
  ];

  it.each(places)('%j comes back from its address', (place) => {
    expect(parsePlace(hashOf(place))).toEqual(place);
  });

  it.each(['', '#', '#/', '#/nowhere', '#/%E0%A4%A'])('%s is the Control Deck', (hash) => {
    expect(parsePlace(hash).page).toBe('deck');
  });
});
