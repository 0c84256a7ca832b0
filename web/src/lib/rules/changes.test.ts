import { describe, expect, it } from 'vitest';
import type { RuleChange, RuleRow } from '../api/rows';
import { difference, inWords, told } from './changes';

const rule = (id: string, changes: Partial<RuleRow> = {}): RuleRow => ({
  id,
  description: '',
  trigger: 'ToolCall',
  when: {},
  unless: null,
  action: 'block',
  reason: '',
  spawn: null,
  source: 'file',
  active: true,
  ...changes
});
const change = (rules: string[]): RuleChange => ({
  sha256: '',
  rules,
  reason: '',
  proposal_id: null,
  actor: 'user:ada',
  time: '2026-11-20T12:00:00.000Z'
});

describe('what a text would change', () => {
  it('is told by id, and a switch is no other change', () => {
    const found = difference(
      [rule('stays'), rule('goes'), rule('other'), rule('off'), rule('on', { active: false })],
      [
        rule('stays'),
        rule('other', { reason: 'new' }),
        rule('off', { active: false }),
        rule('on'),
        rule('comes')
      ]
    );
    expect(found).toEqual({
      added: ['comes'],
      removed: ['goes'],
      changed: ['other'],
      switchedOn: ['on'],
      switchedOff: ['off']
    });
    expect(inWords(found)).toEqual([
      'adds comes',
      'removes goes',
      'changes other',
      'switches on on',
      'switches off off'
    ]);
  });

  it('is nothing for the same rules', () => {
    expect(inWords(difference([rule('a')], [rule('a')]))).toEqual([]);
  });
});

describe('the history', () => {
  it('says what came and went with each change but the oldest', () => {
    const [newest, oldest] = told([change(['a', 'c']), change(['a', 'b'])]);
    expect(newest).toMatchObject({ came: ['c'], went: ['b'] });
    expect(oldest).toMatchObject({ came: null, went: null });
  });
});
