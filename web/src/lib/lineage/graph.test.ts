import { describe, expect, it } from 'vitest';
import { layout } from '../pipeline/layout';
import { joined, nearest, waiting, type Found } from './graph';
import { file, edge } from './given';

const found: Found = {
  roots: ['b'],
  made_from: { nodes: [file('b'), file('a')], edges: [edge('a', 'b')], truncated: false },
  used_by: {
    nodes: [file('b'), file('c'), file('d')],
    edges: [edge('b', 'c'), edge('c', 'd'), edge('a', 'b')],
    truncated: true
  }
};

describe('the graph of a lineage', () => {
  it('has everything of both ways once, the nearest first', () => {
    const { nodes, edges, truncated } = joined(found, 'both');
    expect(nodes.map(({ id }) => id)).toEqual(['b', 'a', 'c', 'd']);
    expect(edges.map(({ source, target }) => source + target)).toEqual(['ab', 'bc', 'cd']);
    expect(truncated).toBe(true);
  });

  it('has one way only when that is asked for', () => {
    expect(joined(found, 'made_from')).toEqual(found.made_from);
    expect(joined(found, 'used_by').nodes).toEqual(found.used_by.nodes);
  });

  it('is drawn as far as it helps, and counts what is not', () => {
    const { nodes, edges, left } = nearest(joined(found, 'both'), 3);
    expect(nodes.map(({ id }) => id)).toEqual(['b', 'a', 'c']);
    expect(edges).toHaveLength(2);
    expect(left).toBe(1);
    expect(nearest(found.made_from, 3).left).toBe(0);
  });

  it('stands from what was given on the left to what came of it on the right', () => {
    const { boxes } = layout(waiting(joined(found, 'both')));
    const x = Object.fromEntries(boxes.map((box) => [box.id, box.x]));
    expect(x.a!).toBeLessThan(x.b!);
    expect(x.b!).toBeLessThan(x.c!);
    expect(x.c!).toBeLessThan(x.d!);
  });

  it('is laid out when an agent read what it had made itself', () => {
    const graph = {
      nodes: [file('f'), file('agent')],
      edges: [edge('agent', 'f'), edge('f', 'agent')],
      truncated: false
    };
    expect(
      layout(waiting(graph))
        .cables.map(({ key }) => key)
        .toSorted()
    ).toEqual(['agent→f', 'f→agent']);
  });
});
