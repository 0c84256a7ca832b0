import { describe, expect, it } from 'vitest';
import { woven } from './woven';

const told = (rows: ReturnType<typeof woven>) =>
  rows.map(({ side, cells, other }) => `${side} ${cells.join(' ')} [${[...other].join()}]`);

describe('rows of two tables', () => {
  it('has what was rewritten below what it was, and says which cells', () => {
    const rows = woven(
      [
        ['depth', '80', 'x'],
        ['mass', '94', 'y']
      ],
      [
        ['depth', '78', 'x'],
        ['sex', '2', 'z']
      ]
    );
    expect(told(rows)).toEqual([
      'a depth 80 x [1]',
      'b depth 78 x [1]',
      'a mass 94 y []',
      'b sex 2 z []'
    ]);
  });

  it('takes rows for no pair where more than two could be one', () => {
    const rows = woven(
      [['k', '1']],
      [
        ['k', '2'],
        ['k', '3']
      ]
    );
    expect(told(rows)).toEqual(['a k 1 []', 'b k 2 []', 'b k 3 []']);
  });

  it('leaves out none, missing first cells and one-sided differences too', () => {
    expect(told(woven([[null, '1']], [['k', '2']]))).toEqual(['b k 2 []', 'a  1 []']);
    expect(told(woven([], [['k']]))).toEqual(['b k []']);
    expect(woven([], [])).toEqual([]);
  });
});
