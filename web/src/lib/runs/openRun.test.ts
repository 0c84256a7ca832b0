import { describe, expect, it } from 'vitest';
import { OpenRun } from './openRun.svelte';

const said = (changes: object) => ({
  run_id: 'run_1',
  agent_id: 'a',
  at: '',
  status: 'output',
  text: 'one\n',
  ...changes
});

describe('a run that is open', () => {
  it('shows what a running call prints, until the call returns', () => {
    const run = new OpenRun('run_1');
    run.hear(said({}));
    run.hear(said({ text: 'two\n' }));
    run.hear(said({ run_id: 'run_2', text: 'not ours' }));
    expect(run.live).toEqual({ a: 'one\ntwo\n' });
    run.hear(said({ status: 'returned' }));
    expect(run.live).toEqual({});
  });

  it('keeps the end of what is printed without end', () => {
    const run = new OpenRun('run_1');
    for (let n = 0; n < 50; n++) run.hear(said({ text: 'x'.repeat(999) + n }));
    expect(run.live.a!.length).toBe(8000);
    expect(run.live.a!.endsWith('49')).toBe(true);
  });
});
