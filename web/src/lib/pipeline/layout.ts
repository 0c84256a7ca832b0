// Where the agents of a graph stand, from left to right, and how cables run between them.
import dagre from '@dagrejs/dagre';

export const NODE = { width: 184, height: 62 };
const PAD = 20;

export interface Box {
  id: string;
  x: number;
  y: number;
}

export interface Cable {
  key: string;
  from: string;
  to: string;
  path: string;
}

export interface Layout {
  width: number;
  height: number;
  boxes: Box[];
  cables: Cable[];
}

export interface Waiting {
  id: string;
  depends_on: readonly string[];
}

/** Top left corners of the boxes and bezier paths of the cables, in pixels. */
export function layout(agents: readonly Waiting[]): Layout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 64, marginx: PAD, marginy: PAD });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of agents) graph.setNode(id, { ...NODE });
  const known = new Set(agents.map(({ id }) => id));
  const edges = agents.flatMap(({ id, depends_on }) =>
    depends_on.filter((from) => known.has(from)).map((from) => ({ from, to: id }))
  );
  for (const { from, to } of edges) graph.setEdge(from, to);
  dagre.layout(graph);
  const boxes = agents.map(({ id }) => {
    const { x, y } = graph.node(id);
    return { id, x: x - NODE.width / 2, y: y - NODE.height / 2 };
  });
  const at = new Map(boxes.map((box) => [box.id, box]));
  const cables = edges.map(({ from, to }) => {
    const path = cable(at.get(from)!, at.get(to)!);
    return { key: `${from}→${to}`, from, to, path };
  });
  const { width = 0, height = 0 } = graph.graph();
  return { width, height, boxes, cables };
}

function cable(from: Box, to: Box): string {
  const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  return `M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}`;
}
