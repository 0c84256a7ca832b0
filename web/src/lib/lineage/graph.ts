// The graph of what a file was made from and what was made from it: both of the API's graphs in one, and what of it
// is drawn. Where boxes stand is the pipeline's layout's to say.
import type { LineageEdge, LineageNode } from '../api/rows';
import type { Waiting } from '../pipeline/layout';
import type { Direction } from '../state/place';

export type Way = Exclude<Direction, 'both'>;

/** The part of an answer that is drawn. */
export interface Found {
  roots: string[];
  made_from: Graph;
  used_by: Graph;
}

export interface Graph {
  /** Nearest to the roots first. */
  nodes: LineageNode[];
  edges: LineageEdge[];
  truncated: boolean;
}

export const waysOf = (direction: Direction): Way[] =>
  direction === 'both' ? ['made_from', 'used_by'] : [direction];

/** The graphs of these ways as one: a thing that both have is in it once, and the nearest of each take turns. */
export function joined(found: Found, direction: Direction): Graph {
  const graphs = waysOf(direction).map((way) => found[way]);
  const longest = Math.max(...graphs.map(({ nodes }) => nodes.length));
  const nodes = new Map<string, LineageNode>();
  for (let at = 0; at < longest; at += 1)
    for (const graph of graphs) {
      const node = graph.nodes[at];
      if (node) nodes.set(node.id, node);
    }
  const edges = new Map<string, LineageEdge>();
  for (const edge of graphs.flatMap((graph) => graph.edges)) edges.set(keyOf(edge), edge);
  return {
    nodes: [...nodes.values()],
    edges: [...edges.values()],
    truncated: graphs.some(({ truncated }) => truncated)
  };
}

export const keyOf = ({ source, target }: Pick<LineageEdge, 'source' | 'target'>): string =>
  `${source}→${target}`;

/** The nearest of a graph, so that it can be laid out while somebody waits; `left` counts the others. */
export function nearest(graph: Graph, most: number): Graph & { left: number } {
  const nodes = graph.nodes.slice(0, most);
  const known = new Set(nodes.map(({ id }) => id));
  const edges = graph.edges.filter(({ source, target }) => known.has(source) && known.has(target));
  return { ...graph, nodes, edges, left: graph.nodes.length - nodes.length };
}

/** The graph as the pipeline's layout takes it: everything waits for what it was made from. */
export function waiting({ nodes, edges }: Graph): Waiting[] {
  const sources = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { source, target } of edges) sources.get(target)?.push(source);
  return [...sources].map(([id, depends_on]) => ({ id, depends_on }));
}
