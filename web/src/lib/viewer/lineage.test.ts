import { describe, expect, it } from 'vitest';
import { branches, type Branch, type Graph } from './lineage';

const names = (found: Branch[]): unknown[] =>
  found.map((one) =>
    one.inside.length ? [one.how, one.name, names(one.inside)] : [one.how, one.name]
  );

const file = 'artifact:run_1/report.md@1';
const agent = 'agent:run_1/writer';
const input = 'library:private/a.csv@2';
const graph: Graph = {
  truncated: false,
  nodes: [
    { id: file, kind: 'artifact', name: 'report.md', version: 1, run_id: 'run_1' },
    { id: agent, kind: 'agent', name: 'writer', run_id: 'run_1' },
    { id: input, kind: 'library', name: 'a.csv', version: 2, gone: 'deleted' },
    { id: 'web:https://x.example', kind: 'web', name: 'https://x.example' }
  ],
  edges: [
    { source: agent, target: file, relation: 'made', turn: 3 },
    { source: input, target: agent, relation: 'read', turn: 1 },
    { source: 'web:https://x.example', target: agent, relation: 'read', turn: 2 }
  ]
};

describe('lineage as a tree', () => {
  it('goes back from a file to what its agent read', () => {
    expect(names(branches(graph, file, 'made_from'))).toEqual([
      [
        'made by, turn 3',
        'agent writer',
        [
          ['read, turn 1', 'a.csv v2'],
          ['read, turn 2', 'https://x.example']
        ]
      ]
    ]);
  });

  it('goes on from a file to what was made of it', () => {
    expect(names(branches(graph, input, 'used_by'))).toEqual([
      ['read by, turn 1', 'agent writer', [['made, turn 3', 'report.md v1']]]
    ]);
  });

  it('ends in a circle, and says that a thing stands there already', () => {
    const round: Graph = {
      ...graph,
      edges: [...graph.edges, { source: file, target: agent, relation: 'read', turn: 4 }]
    };
    const [made] = branches(round, file, 'made_from');
    expect(made?.inside.map((one) => [one.name, one.again])).toEqual([
      ['a.csv v2', false],
      ['https://x.example', false],
      ['report.md v1', true]
    ]);
  });

  it('leads to runs and files of the console, and to no page of the web', () => {
    const [made] = branches(graph, file, 'made_from');
    expect(made?.href).toBe('#/runs/run_1');
    expect(made?.inside.map((one) => [one.href, one.gone])).toEqual([
      ['#/?file=a.csv', 'deleted'],
      [null, null]
    ]);
  });
});
