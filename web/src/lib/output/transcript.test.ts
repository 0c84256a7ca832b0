import { describe, expect, it } from 'vitest';
import type { EventRow } from '../api/rows';
import { errorsOf, narrative, nothingTold, tell } from './transcript';

let seq = 0;
const event = (name: string, data: Record<string, unknown>): EventRow => ({
  seq: ++seq,
  id: `e${seq}`,
  type: `raro.run.${name}.v1`,
  subject: `raro.evt.acme.run.run_1.${name}`,
  client_id: 'acme',
  actor: 'agent:a',
  time: '2026-11-21T00:00:00.000Z',
  data
});

const turn = (number: number, calls: object[] = []) =>
  event('agent_turn_completed', {
    agent_id: 'a',
    turn: number,
    model: 'offline',
    text: 'I look.',
    tool_calls: calls,
    tokens_in: 3,
    tokens_out: 4
  });
const call = { call_id: 'c1', name: 'execute_python', args: { code: 'print(1)' } };
const of = (data: object) => ({ agent_id: 'a', turn: 1, call_id: 'c1', ...data });

describe('a transcript', () => {
  it('merges a call, its result and its files into one', () => {
    const told = tell(nothingTold(), [
      event('agent_started', { agent_id: 'a' }),
      turn(1, [call]),
      event('tool_called', of({ name: 'execute_python' })),
      event('file_generated', of({ path: 'chart.png', size_bytes: 9 })),
      event('tool_returned', of({ ok: true, result: '1', latency_ms: 5 }))
    ]);
    expect(told.agents.get('a')?.turns[0]?.calls).toEqual([
      {
        ...call,
        args_blob: null,
        status: 'done',
        code: null,
        result: '1',
        result_blob: null,
        latency_ms: 5,
        files: [{ path: 'chart.png', size_bytes: 9 }]
      }
    ]);
    expect(told.agents.get('a')?.turns[0]).toMatchObject({
      tokens: 7,
      tokens_in: 3,
      tokens_out: 4
    });
  });

  it('takes an event once, however often it comes', () => {
    const events = [event('agent_started', { agent_id: 'a' }), turn(1), turn(2)];
    const told = tell(tell(nothingTold(), events), events);
    expect(told.agents.get('a')?.turns).toHaveLength(2);
  });

  it('keeps a turn that was done again after a crash once', () => {
    const told = tell(nothingTold(), [turn(1), turn(1)]);
    expect(told.agents.get('a')?.turns).toHaveLength(1);
  });

  it('says what an agent does in plain words', () => {
    const running = tell(nothingTold(), [
      event('agent_started', { agent_id: 'a' }),
      turn(1, [call]),
      event('tool_called', of({ name: 'execute_python' }))
    ]);
    const failed = tell(running, [
      event('agent_failed', { agent_id: 'a', code: 'x', message: 'No key. Set one.' })
    ]);
    expect(narrative(running.agents.get('a')!)).toBe('Running execute_python…');
    expect(narrative(failed.agents.get('a')!)).toBe('No key. Set one.');
  });

  it('counts calls that failed, and the failure of the agent itself', () => {
    const told = tell(nothingTold(), [
      event('agent_started', { agent_id: 'a' }),
      turn(1, [call]),
      event('tool_returned', of({ ok: false, code: 'timeout', result: 'Too slow.' }))
    ]);
    expect(errorsOf(told.agents.get('a')!)).toBe(1);
    const failed = tell(told, [event('agent_failed', { agent_id: 'a', code: 'x', message: '' })]);
    expect(errorsOf(failed.agents.get('a')!)).toBe(2);
  });

  it('knows what an agent was told first, and who answers for it', () => {
    const briefing = { sha256: 'f'.repeat(64), size_bytes: 9 };
    const told = tell(nothingTold(), [
      event('agent_briefed', { agent_id: 'a', briefing }),
      event('agent_puppeted', { agent_id: 'a', on: true }),
      event('agent_puppeted', { agent_id: 'a', on: false })
    ]);
    expect(told.agents.get('a')?.briefing).toEqual(briefing);
    expect(told.remarks.map(({ text }) => text)).toEqual([
      'A person answers for a from its next turn on.',
      'The model of a answers again.'
    ]);
  });

  it('tells what happened to the run as a whole', () => {
    const told = tell(nothingTold(), [
      event('started', { directive: 'Compare' }),
      event('failed', { code: 'missing', reason: 'input a.csv is missing' })
    ]);
    expect(told.remarks.map(({ text }) => text)).toEqual(['Compare', 'input a.csv is missing']);
  });
});
