import { describe, expect, it } from 'vitest';
import { bytes, either, exactly, thenOf, whenOf, type Writing } from './plain';

const rule = (changes: Partial<Writing>): Writing => ({
  trigger: 'ToolCall',
  action: 'block',
  when: {},
  unless: null,
  spawn: null,
  ...changes
});

describe('a rule in plain words', () => {
  it('says which call it looks at', () => {
    expect(whenOf(rule({}))).toBe('When an agent calls any tool');
    expect(whenOf(rule({ when: { agent: ['coder_*'], tool: ['a', 'b'] } }))).toBe(
      'When an agent like coder_* calls a or b'
    );
  });

  it('says what an argument must be like, any one of its patterns', () => {
    const when = {
      tool: ['execute_python'],
      args: { code: { python: ['os.remove'], python_commands: ['rm'] }, '*': { regex: ['x+'] } }
    };
    expect(whenOf(rule({ when }))).toBe(
      'When an agent calls execute_python and its code is Python that uses os.remove, or is Python that starts rm and any text in it matches x+'
    );
  });

  it('says conditions of a file and what they do not hold for', () => {
    const large = rule({
      trigger: 'FileGenerated',
      when: { extension: ['.csv'], size_over: 10_000_000 },
      unless: { agent: ['writer_*'], path: ['tests/*'] }
    });
    expect(whenOf(large)).toBe(
      'When an agent makes or changes a file and its name ends in .csv, and it is larger than 10 MB, unless the agent is like writer_*, and its path is like tests/*'
    );
  });

  it.each([
    [rule({}), 'the call is refused'],
    [rule({ trigger: 'FileGenerated' }), 'the file is not kept'],
    [rule({ action: 'request_approval' }), 'a person is asked before the call runs'],
    [
      rule({ trigger: 'AgentFailed', action: 'request_approval' }),
      'a person decides: retry, skip or abort'
    ],
    [
      rule({ action: 'spawn_agent', spawn: { id: 'analyze_x', prompt: 'Look.' } }),
      'analyze_x is called in to do this: “Look.”'
    ]
  ])('says what happens then', (given, words) => {
    expect(thenOf(given)).toBe(words);
  });

  it('counts the rest of a long list', () => {
    expect(either(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c, d or e');
    expect(either(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c, d or 2 others');
  });

  it.each([
    [0, '0 bytes'],
    [1500, '1,500 bytes'],
    [10_000_000, '10 MB'],
    [3 * 1024 ** 2, '3 MiB'],
    [1000, '1 KB']
  ])('writes %i bytes as %s', (value, words) => {
    expect(bytes(value)).toBe(words);
  });

  it('says a condition that it does not know as it is written', () => {
    expect(whenOf(rule({ when: { moon: ['full'] } }))).toContain('moon is full');
  });

  it('lists every condition as it is written', () => {
    expect(
      exactly(
        rule({
          when: { tool: ['a', 'b'], args: { code: { glob: ['x', 'y'] } } },
          unless: { size_over: 1 }
        })
      )
    ).toEqual([
      ['tool', 'a, b'],
      ['args', 'code: glob: x, y'],
      ['unless size_over', '1']
    ]);
  });
});
