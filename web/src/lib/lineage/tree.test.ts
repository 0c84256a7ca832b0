import { describe, expect, it } from 'vitest';
import { edge, file } from './given';
import { above, branches, linesOf, type Branch, type Line } from './tree';

const graphOf = (ids: string, ...pairs: string[]) => ({
  nodes: [...ids].map((id) => file(id)),
  edges: pairs.map((pair) => edge(pair[0]!, pair[1]!)),
  truncated: false
});
/** A tree as text: "a(b c(d))"; what is told elsewhere has a star. */
const text = (tree: Branch[]): string =>
  tree
    .map(({ node, again, children }) => {
      const below = children.length ? `(${text(children)})` : '';
      return `${node.id}${again ? '*' : ''}${below}`;
    })
    .join(' ');

describe('a lineage as a tree', () => {
  it('has below a thing what it was made from, or what was made from it', () => {
    const graph = graphOf('abc', 'ab', 'bc');
    expect(text(branches(graph, ['c'], 'made_from'))).toBe('c(b(a))');
    expect(text(branches(graph, ['a'], 'used_by'))).toBe('a(b(c))');
  });

  it('tells what is below a thing once, where it is nearest to a root', () => {
    const graph = graphOf('rabxy', 'ra', 'ab', 'rb', 'bx', 'xy');
    expect(text(branches(graph, ['r'], 'used_by'))).toBe('r(a(b*) b(x(y)))');
  });

  it('comes to an end in a circle', () => {
    expect(text(branches(graphOf('fa', 'fa', 'af'), ['f'], 'used_by'))).toBe('f(a(f*))');
  });

  it('does not point elsewhere for a thing that has nothing below it', () => {
    expect(text(branches(graphOf('rabx', 'ra', 'rb', 'ax', 'bx'), ['r'], 'used_by'))).toBe(
      'r(a(x) b(x))'
    );
  });

  it('has a branch for every version, and leaves out what was cut', () => {
    const graph = graphOf('rsa', 'ra', 'sa', 'a?');
    expect(text(branches(graph, ['s', 'r', 'gone'], 'used_by'))).toBe('s(a) r(a)');
  });

  it('has keys of its own for a thing that stands in several places', () => {
    const keys = linesOf(
      branches(graphOf('rabx', 'ra', 'rb', 'ax', 'bx'), ['r'], 'used_by'),
      () => true
    ).map(({ branch }) => branch.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('the lines of a tree', () => {
  const tree = branches(graphOf('rabxy', 'ra', 'rb', 'ax', 'xy'), ['r'], 'used_by');
  const told = ({ branch, level, place, of, open }: Line) =>
    `${branch.node.id} ${level} ${place}/${of} ${open}`;

  it('are those that are unfolded, with their levels and places', () => {
    expect(linesOf(tree, (_, level) => level < 3).map(told)).toEqual([
      'r 1 1/1 true',
      'a 2 1/2 true',
      'x 3 1/1 false',
      'b 2 2/2 null'
    ]);
  });

  it('know the line above', () => {
    const lines = linesOf(tree, () => true);
    expect(lines.map((_, at) => above(lines, at))).toEqual([-1, 0, 1, 2, 0]);
  });

  it('go as deep as a chain of five thousand files', () => {
    const ids = Array.from({ length: 5000 }, (_, at) => String(at));
    const graph = {
      nodes: ids.map((id) => file(id)),
      edges: ids.slice(1).map((id, at) => edge(String(at), id)),
      truncated: false
    };
    expect(linesOf(branches(graph, ['0'], 'used_by'), () => true).at(-1)?.level).toBe(5000);
  });
});
