import { describe, expect, it } from 'vitest';
import type { ArtifactRow, RunRow } from '../api/rows';
import { choices, currentRun, EVERYTHING, grouped, lightOf, lines, typeOf } from './grouping';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const file = (
  run_id: string,
  filename: string,
  changes: Partial<ArtifactRow> = {}
): ArtifactRow => ({
  run_id,
  filename,
  agent_id: 'analyze_a',
  generated_at: '2026-11-21T10:00:00.000Z',
  size_bytes: 1,
  content_type: 'text/csv',
  sha256: 'a',
  version: 1,
  pinned: false,
  expires_at: '2026-11-28T10:00:00.000Z',
  saved_as: null,
  seq: 1,
  ...changes
});
const run = (run_id: string, started_at: string, status = 'completed') =>
  [run_id, { run_id, started_at, status } as RunRow] as const;
const runs = new Map([
  run('old', '2026-11-01T00:00:00.000Z'),
  run('new', '2026-11-21T09:00:00.000Z')
]);
const names = (found: ReturnType<typeof grouped>) =>
  found.map((group) => [group.run_id, ...group.files.map((f) => f.filename)]);

describe('artifacts', () => {
  const files = [
    file('old', 'a.csv', { generated_at: '2026-11-01T01:00:00.000Z', agent_id: 'writer_b' }),
    file('new', 'b.png', { generated_at: '2026-11-21T10:00:00.000Z' }),
    file('new', 'c.csv', { generated_at: '2026-11-21T11:00:00.000Z' })
  ];

  it('stand under their run, newest first', () => {
    expect(names(grouped(files, runs, EVERYTHING, NOW))).toEqual([
      ['new', 'c.csv', 'b.png'],
      ['old', 'a.csv']
    ]);
  });

  it('are filtered by scope, agent, type and words', () => {
    const found = (changes: object) =>
      names(grouped(files, runs, { ...EVERYTHING, ...changes }, NOW)).flat();
    expect(found({ scope: 'current' })).toEqual(['new', 'c.csv', 'b.png']);
    expect(found({ scope: 'recent' })).not.toContain('a.csv');
    expect(found({ agent: 'writer_b' })).toEqual(['old', 'a.csv']);
    expect(found({ type: 'png' })).toEqual(['new', 'b.png']);
    expect(found({ q: 'WRITER' })).toEqual(['old', 'a.csv']);
  });

  it('are sorted by type or agent within their run', () => {
    expect(names(grouped(files, runs, { ...EVERYTHING, sort: 'type' }, NOW))[0]).toEqual([
      'new',
      'c.csv',
      'b.png'
    ]);
  });

  it('fold away below their run', () => {
    const groups = grouped(files, runs, EVERYTHING, NOW);
    expect(lines(groups, new Set(['new'])).map(({ key }) => key)).toEqual([
      'new',
      'old',
      'old/a.csv'
    ]);
  });

  it('light up as their run stands', () => {
    const light = (changes: object, status = 'completed') =>
      lightOf(
        grouped([file('r', 'a', changes)], new Map([run('r', '', status)]), EVERYTHING, NOW)[0]!,
        NOW
      ).tone;
    expect(light({}, 'running')).toBe('live');
    expect(light({})).toBe('recent');
    expect(light({ expires_at: '2026-11-21T13:00:00.000Z' })).toBe('expiring');
    expect(light({ expires_at: '2026-11-21T13:00:00.000Z', pinned: true })).toBe('recent');
    expect(light({ generated_at: '2026-11-10T00:00:00.000Z' })).toBe('idle');
  });

  it('go when the first that is not pinned goes', () => {
    const [group] = grouped(
      [
        file('r', 'a', { expires_at: '2026-11-21T13:00:00.000Z', pinned: true }),
        file('r', 'b', { expires_at: '2026-11-22T10:00:00.000Z' }),
        file('r', 'c', { expires_at: '2026-11-23T10:00:00.000Z' }),
        file('r', 'd', { expires_at: null })
      ],
      new Map(),
      EVERYTHING,
      NOW
    );
    expect(group!.expires).toBe('2026-11-22T10:00:00.000Z');
    expect(lightOf(group!, NOW)).toMatchObject({
      tone: 'expiring',
      goes_at: Date.parse('2026-11-22T10:00:00.000Z')
    });
  });

  it('of the run that is looked at are those of the current run', () => {
    const wanted = { ...EVERYTHING, scope: 'current' as const };
    expect(names(grouped(files, runs, wanted, NOW, 'old'))).toEqual([['old', 'a.csv']]);
    expect(grouped(files, runs, wanted, NOW, null)).toEqual([]);
  });

  it('offer what there is to filter by', () => {
    expect(choices(files)).toEqual({ agents: ['analyze_a', 'writer_b'], types: ['csv', 'png'] });
    expect(typeOf({ filename: 'noending', content_type: 'application/pdf' })).toBe('pdf');
  });

  it('know the run that was started last', () => {
    expect(currentRun(runs.values())).toBe('new');
    expect(currentRun([])).toBeNull();
  });

  it('regroup ten thousand rows', () => {
    const many = Array.from({ length: 10_000 }, (_, i) =>
      file(`run_${i % 200}`, `f${i}.csv`, { generated_at: new Date(NOW - i * 1000).toISOString() })
    );
    const began = performance.now();
    const found = lines(grouped(many, new Map(), EVERYTHING, NOW), new Set());
    console.log(`10,000 rows regrouped in ${(performance.now() - began).toFixed(1)} ms`);
    expect(found).toHaveLength(10_200);
  });
});
