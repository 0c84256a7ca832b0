// Where the agents of a graph stand, from left to right, and how cables run between them.
import dagre from '@dagrejs/dagre';

export const NODE = { width: 204, height: 62 };
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
  if (!agents.length) return { width: 0, height: 0, boxes: [], cables: [] };
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 64, marginx: PAD, marginy: PAD });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(agents.map(({ id }) => id));
  const edges = agents.flatMap(({ id, depends_on }) =>
    depends_on.filter((from) => known.has(from)).map((from) => ({ from, to: id }))
  );
  // Dagre draws the last of equals on top; backwards they stand as they are listed.
  for (const { id } of edges.length ? agents.toReversed() : agents) graph.setNode(id, { ...NODE });
  for (const { from, to } of edges.toReversed()) graph.setEdge(from, to);
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

const WAYS: Record<string, [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1]
};

/** The box that an arrow key leads to from one: the nearest that way, one straight on before one aside. */
export function towards(boxes: readonly Box[], from: string, key: string): string | null {
  const start = boxes.find(({ id }) => id === from);
  if (key === 'Home') return boxes[0]?.id ?? null;
  if (key === 'End') return boxes.at(-1)?.id ?? null;
  const way = WAYS[key];
  if (!way || !start) return null;
  let best: { id: string; far: number } | null = null;
  for (const { id, x, y } of boxes) {
    const ahead = (x - start.x) * way[0] + (y - start.y) * way[1];
    const aside = Math.abs((x - start.x) * way[1]) + Math.abs((y - start.y) * way[0]);
    const far = ahead + 2 * aside;
    if (ahead > 0 && (!best || far < best.far)) best = { id, far };
  }
  return best?.id ?? null;
}
