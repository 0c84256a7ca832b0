import { describe, expect, it } from 'vitest';
import type { LinkedEvent } from '../api/rows';
import { byCause, facts, runOf, shortType, toneOf } from './telling';

describe('an event', () => {
  it('is told in few words', () => {
    expect(shortType('raro.run.tool_called.v1')).toBe('run.tool_called');
    const data = { z: 1, ok: false, turn: 2, agent_id: 'one', message: 'a\n  b', path: null };
    expect(facts({ data, actor: 'system' })).toBe('agent_id=one turn=2 ok=false message=a b');
    expect(facts({ data, actor: 'agent:one' })).toBe('turn=2 ok=false message=a b');
    const long = { message: 'x'.repeat(99) };
    expect(facts({ data: long, actor: '' })).toHaveLength('message='.length + 60);
  });

  it('may hold anything', () => {
    for (const data of [null, 7, 'text', []] as unknown[])
      expect(facts({ data: data as Record<string, never>, actor: 'system' })).toBe('');
  });

  it('is of a run, or of none', () => {
    expect(runOf({ subject: 'raro.evt.ada.run.run_1.started' })).toBe('run_1');
    expect(runOf({ subject: 'raro.evt.ada.library.f1.file_uploaded' })).toBeNull();
  });

  it.each([
    ['raro.run.agent_failed.v1', 'error'],
    ['raro.run.agent_started.v1', 'running'],
    ['raro.library.file_uploaded.v1', 'live'],
    ['raro.run.danced.v9', 'idle']
  ])('%s has a light', (type, tone) => expect(toneOf(type)).toBe(tone));
});

it('effects stand under their causes, in order', () => {
  const effect = (seq: number, cause_seq: number) => ({ seq, cause_seq }) as LinkedEvent;
  const found = byCause([effect(3, 2), effect(4, 2), effect(5, 4)]);
  expect([...found].map(([cause, effects]) => [cause, effects.map(({ seq }) => seq)])).toEqual([
    [2, [3, 4]],
    [4, [5]]
  ]);
});
