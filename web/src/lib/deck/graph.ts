// A workflow's graph as a value: every change is a new one. Dependencies point from an agent to those it waits for.
import type { AgentSpec, Workflow } from '../api/rows';

export type Agent = AgentSpec &
  Required<Pick<AgentSpec, 'id' | 'role' | 'model' | 'tools' | 'depends_on' | 'prompt'>>;
export interface Graph {
  id: string;
  name: string;
  agents: Agent[];
}

/** Without agents: the planner makes them. */
export const NO_GRAPH: Graph = { id: 'workflow', name: '', agents: [] };

/** As many as a workflow may have. */
export const MOST = 100;
const ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;

/** What an id's prefix grants (docs/agents.md); everyone reads. */
const PREFIXES: Record<string, string[]> = {
  research_: [],
  analyze_: ['execute_python', 'write_file'],
  coder_: ['execute_python', 'write_file'],
  writer_: ['write_file'],
  master_: ['execute_python', 'write_file']
};
/** Tools that a workflow may add to those. */
export const TOOLS = ['execute_python', 'write_file', 'web_search'];
const PILLS: Record<string, Pill> = {
  execute_python: 'PY',
  web_search: 'WEB',
  write_file: 'IO'
};
export type Pill = 'PY' | 'WEB' | 'IO';
export const PILL_WORDS: Record<Pill, string> = {
  PY: 'runs Python in the sandbox',
  WEB: 'searches the web',
  IO: 'writes files'
};

/** Tools that come with an id. */
export const grantedBy = (id: string): string[] =>
  Object.entries(PREFIXES).find(([prefix]) => id.startsWith(prefix))?.[1] ?? [];

/** What an agent can do beside reading: PY runs Python, WEB searches, IO writes files. */
export function pills({ id, tools }: Pick<Agent, 'id'> & { tools?: readonly string[] }): Pill[] {
  const has = new Set([...grantedBy(id), ...(tools ?? [])]);
  return Object.entries(PILLS).flatMap(([tool, pill]) => (has.has(tool) ? [pill] : []));
}

export const agent = (id: string, changes: Partial<Agent> = {}): Agent => ({
  id,
  role: 'worker',
  model: 'fast',
  tools: [],
  depends_on: [],
  prompt: '',
  accepts_directive: false,
  user_directive: '',
  allow_delegation: false,
  ...changes
});

export function fromWorkflow(workflow: Workflow): Graph {
  return {
    id: workflow.id ?? 'workflow',
    name: workflow.name ?? '',
    agents: (workflow.agents ?? []).map((spec) => agent(spec.id, spec as Partial<Agent>))
  };
}

const changed = (graph: Graph, agents: Agent[]): Graph => ({ ...graph, agents });

/** A free id made from the one that is wished for. */
export function freeId(graph: Graph, wish: string): string {
  const taken = new Set(graph.agents.map(({ id }) => id));
  for (let n = 1; ; n++) {
    const id = n === 1 ? wish : `${wish}_${n}`;
    if (!taken.has(id)) return id;
  }
}

/** One agent more; unchanged where that would be one too many. */
export const add = (graph: Graph, wish: string): Graph =>
  graph.agents.length < MOST
    ? changed(graph, [...graph.agents, agent(freeId(graph, wish))])
    : graph;

export function remove(graph: Graph, id: string): Graph {
  const rest = graph.agents.filter((one) => one.id !== id);
  return changed(
    graph,
    rest.map((one) => ({ ...one, depends_on: one.depends_on.filter((needed) => needed !== id) }))
  );
}

/** Change an agent; a new id is followed by everyone that depends on it. */
export function edit(graph: Graph, id: string, changes: Partial<Agent>): Graph {
  const now = changes.id ?? id;
  return changed(
    graph,
    graph.agents.map((one) =>
      one.id === id
        ? { ...one, ...changes }
        : { ...one, depends_on: one.depends_on.map((needed) => (needed === id ? now : needed)) }
    )
  );
}

/** For every agent all those it waits for, directly or through others, and itself. */
export function reach(graph: Graph): Map<string, Set<string>> {
  const needs = new Map(graph.agents.map(({ id, depends_on }) => [id, depends_on]));
  const all = new Map<string, Set<string>>();
  for (const { id } of graph.agents) {
    const seen = new Set<string>();
    const open = [id];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(needs.get(next) ?? []));
    }
    all.set(id, seen);
  }
  return all;
}

/** Why `target` cannot wait for `source`; empty when it can. */
export function forbids(
  graph: Graph,
  source: string,
  target: string,
  reached = reach(graph)
): string {
  if (source === target) return 'An agent cannot wait for itself.';
  if (reached.get(source)?.has(target))
    return `That is a circle: ${source} waits for ${target} already.`;
  return '';
}

export const connected = (graph: Graph, source: string, target: string): boolean =>
  graph.agents.find(({ id }) => id === target)?.depends_on.includes(source) ?? false;

/** Let `target` wait for `source`; unchanged where that cannot be. */
export function connect(graph: Graph, source: string, target: string): Graph {
  const waiting = graph.agents.find(({ id }) => id === target);
  if (!waiting || forbids(graph, source, target) || waiting.depends_on.includes(source))
    return graph;
  return edit(graph, target, { depends_on: [...waiting.depends_on, source] });
}

export function disconnect(graph: Graph, source: string, target: string): Graph {
  const waiting = graph.agents.find(({ id }) => id === target);
  if (!waiting) return graph;
  return edit(graph, target, { depends_on: waiting.depends_on.filter((id) => id !== source) });
}

/** Why an agent's id cannot be; empty when it can. */
export function wrongId(graph: Graph, id: string, of: string): string {
  if (!ID.test(id)) return 'Use 1 to 64 letters, digits, _ and -; begin with no -.';
  if (id !== of && graph.agents.some((one) => one.id === id))
    return `There is an agent ${id} already.`;
  return '';
}
