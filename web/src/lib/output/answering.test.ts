import { describe, expect, it } from 'vitest';
import { answerable, argsOf, dueOf, fieldsOf } from './answering';
import type { Call, Turn } from './transcript';

const turn = (...calls: Call['status'][]): Turn =>
  ({ turn: 3, calls: calls.map((status) => ({ status })) }) as unknown as Turn;

describe('a person’s turn', () => {
  it('is the first one of an agent that has begun', () => {
    expect(dueOf({ status: 'running' }, { turns: [] })).toEqual({ turn: 1, words: '' });
  });

  it('follows a turn whose calls have all returned', () => {
    expect(dueOf({ status: 'running' }, { turns: [turn('done', 'failed')] }).turn).toBe(4);
  });

  it.each([
    ['running', [turn('done', 'asked')], 'calls of turn 3'],
    ['running', [turn('running')], 'calls of turn 3'],
    ['scheduled', [], 'has not begun'],
    ['failed', [], 'tried again']
  ] as const)('waits while the agent is %s', (status, turns, words) => {
    const due = dueOf({ status }, { turns: [...turns] });
    expect(due.turn).toBeNull();
    expect(due.words).toContain(words);
  });

  it('is offered until nothing more is to be expected of the agent', () => {
    const all = [
      'idle',
      'scheduled',
      'running',
      'failed',
      'finished',
      'skipped',
      'pruned'
    ] as const;
    expect(all.filter((status) => answerable({ status }))).toEqual(all.slice(0, 4));
  });
});

const PARAMETERS = {
  properties: {
    limit: { type: 'integer', default: 5 },
    path: { type: 'string', description: 'Where.' },
    relation: { enum: ['child', 'sibling'], type: 'string' },
    tools: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
    deep: { anyOf: [{ type: 'boolean' }, { type: 'null' }] }
  },
  required: ['path', 'tools']
};

describe('a tool’s arguments', () => {
  const fields = fieldsOf(PARAMETERS);

  it('are fields by their schema, those that are needed first', () => {
    expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
      ['path', 'text'],
      ['tools', 'json'],
      ['limit', 'number'],
      ['relation', 'choice'],
      ['deep', 'boolean']
    ]);
    expect(fields[0]).toMatchObject({ required: true, words: 'Where.' });
    expect(fields[3]?.choices).toEqual(['child', 'sibling']);
  });

  it('are made of texts; what is empty and not needed is left out', () => {
    const texts = { path: 'a b', tools: '["x"]', limit: '7', relation: '', deep: 'true' };
    expect(argsOf(fields, texts)).toEqual({
      args: { path: 'a b', tools: ['x'], limit: 7, deep: true },
      wrong: {}
    });
  });

  it('say what is wrong with each', () => {
    const { args, wrong } = argsOf(fields, { tools: '[', limit: '"7"' });
    expect(args).toEqual({ path: '' });
    expect(wrong.limit).toBe('Write a number.');
    expect(wrong.tools).toContain('This is no JSON');
    expect(argsOf(fields, {}).wrong.tools).toBe('This is needed.');
  });

  it('are none for a tool without parameters', () => {
    expect(fieldsOf({})).toEqual([]);
  });
});
