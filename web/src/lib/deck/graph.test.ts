import { describe, expect, it } from 'vitest';
import {
  add,
  agent,
  connect,
  connected,
  disconnect,
  edit,
  forbids,
  freeId,
  fromWorkflow,
  grantedBy,
  MOST,
  pills,
  reach,
  remove,
  wrongId
} from './graph';

const graph = {
  id: 'w',
  name: '',
  agents: [agent('a'), agent('b', { depends_on: ['a'] }), agent('c', { depends_on: ['b'] })]
};

describe('a workflow’s graph', () => {
  it('connects and disconnects', () => {
    const more = connect(graph, 'a', 'c');
    expect(connected(more, 'a', 'c')).toBe(true);
    expect(connected(disconnect(more, 'a', 'c'), 'a', 'c')).toBe(false);
    expect(connected(graph, 'a', 'c')).toBe(false);
  });

  it('lets no circle in, and says where it would be', () => {
    expect(forbids(graph, 'c', 'a')).toBe('That is a circle: c waits for a already.');
    expect(forbids(graph, 'a', 'a')).toContain('itself');
    expect(connect(graph, 'c', 'a')).toBe(graph);
  });

  it('knows whom an agent waits for through others, in a circle too', () => {
    expect([...(reach(graph).get('c') ?? [])].sort()).toEqual(['a', 'b', 'c']);
    const ring = edit(graph, 'a', { depends_on: ['c', 'gone'] });
    expect([...(reach(ring).get('a') ?? [])].sort()).toEqual(['a', 'b', 'c', 'gone']);
  });

  it('connects a hundred agents in a row, and takes no more', () => {
    let row = { id: 'w', name: '', agents: [agent('a')] };
    for (let i = 1; i < MOST; i++) row = add(row, 'a');
    expect(add(row, 'a')).toBe(row);
    for (let i = 1; i < MOST; i++) row = connect(row, row.agents[i - 1]!.id, row.agents[i]!.id);
    expect(reach(row).get(`a_${MOST}`)?.size).toBe(MOST);
    expect(forbids(row, `a_${MOST}`, 'a')).toContain('circle');
  });

  it('follows a new id everywhere', () => {
    expect(
      edit(graph, 'a', { id: 'z' }).agents.map(({ id, depends_on }) => [id, depends_on])
    ).toEqual([
      ['z', []],
      ['b', ['z']],
      ['c', ['b']]
    ]);
  });

  it('forgets a removed agent in those that waited for it', () => {
    expect(remove(graph, 'b').agents.find(({ id }) => id === 'c')?.depends_on).toEqual([]);
  });

  it('finds free ids and refuses bad ones', () => {
    expect(freeId(graph, 'a')).toBe('a_2');
    expect(add(graph, 'a').agents.at(-1)?.id).toBe('a_2');
    expect(wrongId(graph, 'b', 'a')).toContain('already');
    expect(wrongId(graph, '-x', 'a')).toContain('letters');
    expect(wrongId(graph, 'a', 'a')).toBe('');
  });

  it('shows what an id’s prefix and tools grant', () => {
    expect(pills(agent('coder_x'))).toEqual(['PY', 'IO']);
    expect(pills(agent('analyze_x'))).toEqual(['PY', 'IO']);
    expect(pills(agent('writer_x', { tools: ['execute_python'] }))).toEqual(['PY', 'IO']);
    expect(pills(agent('research_x'))).toEqual([]);
    expect(pills(agent('x', { tools: ['web_search', 'read_file'] }))).toEqual(['WEB']);
    expect(grantedBy('writer_x')).toEqual(['write_file']);
    expect(grantedBy('analyzer')).toEqual([]);
  });

  it('reads a plan', () => {
    expect(fromWorkflow({ id: 'p', agents: [{ id: 'a' }] } as never).agents[0]).toMatchObject({
      id: 'a',
      depends_on: []
    });
  });
});
