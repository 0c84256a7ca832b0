import { describe, expect, it } from 'vitest';
import type { NamedDifference, RunsDifference } from '../api/rows';
import { differing, nameOf, summary, tally, valueOf } from './words';

const none: NamedDifference = {
  added: [],
  removed: [],
  changed: [],
  same: 4,
  cut: { added: 0, removed: 0, changed: 0 }
};

describe('what differs between two runs', () => {
  it('is named in words', () => {
    expect([nameOf('depends_on'), nameOf('total_tokens_used')]).toEqual(['Depends on', 'Tokens']);
  });

  it('is written as the rest of the console writes it', () => {
    expect(valueOf('duration_ms', 83_000)).toBe('1 m 23 s');
    expect(valueOf('cost_usd', 0.25)).toBe('$0.25');
    expect(valueOf('status', 'awaitingapproval')).toBe('Awaiting approval');
    expect(valueOf('tools', ['a', 'b'])).toBe('a, b');
    expect(valueOf('session_expired', false)).toBe('no');
    expect(valueOf('limits', { most: 3 })).toBe('{\n  "most": 3\n}');
    for (const nothing of [null, undefined, '', []]) expect(valueOf('x', nothing)).toBeNull();
  });

  it('is counted with what was cut', () => {
    const some = { ...none, added: [{}], cut: { added: 10, removed: 0, changed: 1 } };
    expect(differing(some)).toBe(12);
    expect([tally(12, 4), tally(2, 0), tally(0, 4), tally(0, 0)]).toEqual([
      '12 differ, 4 the same',
      '2 differ',
      'all 4 the same',
      'none'
    ]);
  });

  it('is told in a sentence', () => {
    const found = {
      parameters: [{ name: 'directive', before: 'a', after: 'b' }],
      inputs: none,
      agents: { added: ['x'], removed: ['y'], changed: [], same: 0 },
      results: [],
      files: none
    } as unknown as RunsDifference;
    expect(summary(found)).toBe('Different: 1 parameter, 2 agents.');
    expect(
      summary({
        ...found,
        parameters: [],
        agents: { added: [], removed: [], changed: [], same: 1 }
      })
    ).toBe('Nothing is different.');
  });
});
