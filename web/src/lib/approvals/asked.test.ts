import { describe, expect, it } from 'vitest';
import type { ApprovalRow } from '../api/rows';
import { batchesOf, factsOf, stampOf } from './asked';

const row = (approval_id: string, more: Partial<ApprovalRow> = {}): ApprovalRow => ({
  approval_id,
  run_id: 'run_1',
  agent_id: 'writer_x',
  kind: 'tool_call',
  reason: 'why',
  subject: { tool: 'write_file', args: { path: 'a.md' } },
  options: ['allow', 'deny'],
  batch: 'writer_x-1',
  turn: 1,
  status: 'pending',
  requested_at: '2026-01-01T00:00:00.000Z',
  seq: 1,
  ...more
});

describe('requests of a run', () => {
  it('puts calls of one turn together and what waits first', () => {
    const rows = [
      row('old', { batch: 'x-1', status: 'granted', decision: 'allow', seq: 9 }),
      row('a'),
      row('b', { seq: 2 }),
      row('other', { run_id: 'run_2' })
    ];
    const batches = batchesOf(rows, 'run_1');
    expect(batches.map(({ rows }) => rows.map(({ approval_id }) => approval_id))).toEqual([
      ['a', 'b'],
      ['old']
    ]);
    expect(batches[0]!.together).toEqual(['allow', 'deny']);
    expect(batches[1]!.together).toEqual([]);
  });

  it('offers together only what all of them take', () => {
    const [batch] = batchesOf([row('a'), row('b', { options: ['deny'] })], 'run_1');
    expect(batch!.together).toEqual(['deny']);
  });

  it('says how each ended', () => {
    expect(stampOf(row('a'))).toBe('');
    expect(stampOf(row('a', { status: 'denied', decision: 'deny', timed_out: true }))).toBe(
      'TIMED OUT'
    );
    expect(stampOf(row('a', { status: 'granted', decision: 'retry' }))).toBe('RETRIED');
    expect(stampOf(row('a', { status: 'void' }))).toBe('RUN ENDED');
  });

  it('shows the tool and each argument', () => {
    expect(factsOf(row('a', { subject: { tool: 't', args: { path: 'a', n: 1 } } }))).toEqual([
      ['tool', 't'],
      ['path', 'a'],
      ['n', '1']
    ]);
  });
});
