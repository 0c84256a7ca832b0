import { describe, expect, it } from 'vitest';
import type { RunRow } from '../api/rows';
import { matches, titleOf, took } from './status';

const run = {
  run_id: 'run_1',
  name: 'audit',
  workflow_id: 'w',
  directive: 'Compare mass\nby species',
  status: 'failed',
  started_at: '2026-11-21T00:00:00.000Z',
  ended_at: null,
  agents: [{ agent_id: 'writer_report' }]
} as unknown as RunRow;

describe('a run', () => {
  it('is titled by the first line of its directive, else by its name', () => {
    expect(titleOf(run)).toBe('Compare mass');
    expect(titleOf({ ...run, directive: ' ' })).toBe('audit');
  });

  it('has taken until now while it goes on', () => {
    expect(took(run, Date.parse('2026-11-21T00:00:02.000Z'))).toBe(2000);
  });

  it('is found by words of its id, directive, status and agents', () => {
    expect(matches(run, 'FAILED writer')).toBe(true);
    expect(matches(run, 'species report_')).toBe(false);
    expect(matches(run, '')).toBe(true);
  });
});
