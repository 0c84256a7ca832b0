import { describe, expect, it } from 'vitest';
import { BLANK, situationOf } from './trying';

describe('a situation that is tried', () => {
  it('asks about a call with its arguments', () => {
    const asked = situationOf({
      ...BLANK,
      tool: ' web_search ',
      args: '{"query": "x"}',
      cost: '2.5'
    });
    expect(asked).toMatchObject({
      trigger: 'ToolCall',
      tool: 'web_search',
      args: { query: 'x' },
      cost_usd: 2.5
    });
    expect(asked.toml).toBeUndefined();
  });

  it('asks about a file, by what it begins with or its size alone', () => {
    const file = {
      ...BLANK,
      trigger: 'FileGenerated' as const,
      path: 'a.sh',
      content: '#!/bin/sh'
    };
    expect(situationOf(file).size_bytes).toBeUndefined();
    expect(situationOf({ ...file, size: '20000000' })).toMatchObject({
      path: 'a.sh',
      size_bytes: 20_000_000,
      tool: ''
    });
  });

  it('asks about other rules than those in force', () => {
    const failed = { ...BLANK, trigger: 'AgentFailed' as const, code: 'timeout' };
    expect(situationOf(failed, 'switched_off = []')).toMatchObject({
      code: 'timeout',
      toml: 'switched_off = []'
    });
  });

  it.each([
    [{ args: '{' }, /Arguments are no JSON/],
    [{ args: '[1]' }, /must be a JSON object/],
    [{ cost: 'much' }, /Cost so far must be a number/],
    [{ trigger: 'FileGenerated' as const, size: '-1' }, /Size must be a number/]
  ])('says what is not right: %j', (wrong, words) => {
    expect(() => situationOf({ ...BLANK, ...wrong })).toThrow(words);
  });
});
