// A workflow's graph as a value: every change is a new one. Dependencies point from an agent to those it waits for.
import type { AgentSpec, Workflow } from '../api/rows';

export type Agent = AgentSpec &
  Required<Pick<AgentSpec, 'id' | 'role' | 'model' | 'tools' | 'depends_on' | 'prompt'>>;
export interface Graph {
  id: string;
  name: string;
  agents: Agent[];
}

const ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;

/** What an id's prefix grants (docs/agents.md), as pills: PY runs Python, WEB searches, IO writes files. */
const PREFIXES: Record<string, Pill[]> = {
  research_: ['WEB'],
  analyze_: ['PY'],
  coder_: ['PY', 'IO'],
  writer_: ['IO'],
  master_: ['PY', 'WEB', 'IO']
};
const TOOLS: Record<string, Pill> = { execute_python: 'PY', web_search: 'WEB', write_file: 'IO' };
export type Pill = 'PY' | 'WEB' | 'IO';

export function pills({ id, tools }: Pick<Agent, 'id'> & { tools?: readonly string[] }): Pill[] {
  const granted = Object.entries(PREFIXES).find(([prefix]) => id.startsWith(prefix))?.[1] ?? [];
  const asked = (tools ?? []).map((tool) => TOOLS[tool]).filter((pill) => pill !== undefined);
  return [...new Set([...granted, ...asked])];
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

export const add = (graph: Graph, wish: string): Graph =>
  changed(graph, [...graph.agents, agent(freeId(graph, wish))]);

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

/** Whether `from` waits for `to`, directly or through others. */
export function waitsFor(graph: Graph, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(graph.agents.find((one) => one.id === id)?.depends_on ?? []));
  }
  return false;
}

/** Why `target` cannot wait for `source`; empty when it can. */
export function forbids(graph: Graph, source: string, target: string): string {
  if (source === target) return 'An agent cannot wait for itself.';
  if (waitsFor(graph, source, target))
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
