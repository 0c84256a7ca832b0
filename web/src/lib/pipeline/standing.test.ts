import { describe, expect, it } from 'vitest';
import { standing } from './standing';

const at = (second: number) => `2026-11-21T00:00:0${second}.000Z`;
const now = Date.parse(at(9));
const going = { status: 'running' as const, end_time: null };
const stopped = { status: 'stopped' as const, end_time: at(5) };
const running = { status: 'running' as const, started_at: at(2), ended_at: null };
const idle = { status: 'idle' as const, started_at: null, ended_at: null };

describe('how an agent stands', () => {
  it('works until now while its run goes on', () => {
    expect(standing(running, going, now)).toEqual({
      look: 'running',
      word: 'running',
      tone: 'running',
      ms: 7000
    });
    expect(standing(idle, going, now)).toMatchObject({ word: 'waiting', ms: null });
    expect(standing({ ...idle, status: 'scheduled' }, going, now).word).toBe('next');
  });

  it('ended with its run, however it stood then', () => {
    expect(standing(running, stopped, now)).toMatchObject({
      look: 'ended',
      word: 'stopped',
      tone: 'idle',
      ms: 3000
    });
    expect(standing(idle, stopped, now)).toMatchObject({ word: 'not run', ms: null });
  });

  it('keeps what it came to after its run is over', () => {
    const finished = { status: 'finished' as const, started_at: at(2), ended_at: at(3) };
    expect(standing(finished, stopped, now)).toMatchObject({ look: 'finished', ms: 1000 });
    expect(standing({ ...finished, status: 'failed' }, stopped, now).tone).toBe('error');
  });
});
