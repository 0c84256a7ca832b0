// The same graph as a tree to be read line by line: what a thing led to, or what it came of, stands below it.
import type { LineageEdge, LineageNode } from '../api/rows';
import type { Graph, Way } from './graph';

export interface Branch {
  /** The way to it from the root, for a thing may stand below several. */
  key: string;
  node: LineageNode;
  /** How it belongs to the branch above; null at a root. */
  edge: LineageEdge | null;
  children: Branch[];
  /** What is below it stands elsewhere in the tree, nearer to the root or above. */
  again: boolean;
}

/** A branch for each root. What is below a thing is told once, at the place that is nearest to a root. */
export function branches(graph: Graph, roots: readonly string[], way: Way): Branch[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const below = neighbours(
    graph.edges.filter(({ source, target }) => nodes.has(source) && nodes.has(target)),
    way
  );
  const told = new Set(roots);
  const tree = roots.flatMap((id) => {
    const node = nodes.get(id);
    return node ? [{ key: id, node, edge: null, children: [], again: false } as Branch] : [];
  });
  // Level by level, as the API walked: so a thing stands where it is nearest, and circles come to an end.
  for (let level = tree; level.length; level = level.flatMap(({ children }) => children)) {
    for (const branch of level) {
      if (branch.again) continue;
      for (const edge of below.get(branch.node.id) ?? []) {
        const id = beyond(edge, way);
        const node = nodes.get(id)!;
        const again = told.has(id) && below.has(id);
        told.add(id);
        branch.children.push({ key: `${branch.key} ${id}`, node, edge, children: [], again });
      }
    }
  }
  return tree;
}

const beyond = (edge: LineageEdge, way: Way): string =>
  way === 'made_from' ? edge.source : edge.target;

function neighbours(edges: readonly LineageEdge[], way: Way): Map<string, LineageEdge[]> {
  const found = new Map<string, LineageEdge[]>();
  for (const edge of edges) {
    const from = way === 'made_from' ? edge.target : edge.source;
    const known = found.get(from);
    if (known) known.push(edge);
    else found.set(from, [edge]);
  }
  return found;
}

/** A line of the tree as it is seen: `level` from 1, its place among its siblings, and null where nothing folds. */
export interface Line {
  branch: Branch;
  level: number;
  place: number;
  of: number;
  open: boolean | null;
}

/** What of a tree is unfolded, from above to below. */
export function linesOf(
  tree: readonly Branch[],
  isOpen: (branch: Branch, level: number) => boolean
): Line[] {
  const lines: Line[] = [];
  // A chain of runs may be deeper than calls can be nested.
  const open: { siblings: readonly Branch[]; at: number }[] = [{ siblings: tree, at: 0 }];
  for (let here = open.at(-1); here; here = open.at(-1)) {
    const branch = here.siblings[here.at];
    if (!branch) {
      open.pop();
      continue;
    }
    here.at += 1;
    const level = open.length;
    const unfolded = branch.children.length ? isOpen(branch, level) : null;
    lines.push({ branch, level, place: here.at, of: here.siblings.length, open: unfolded });
    if (unfolded) open.push({ siblings: branch.children, at: 0 });
  }
  return lines;
}

/** The line of the branch above, or -1 at a root. */
export function above(lines: readonly Line[], at: number): number {
  const level = lines[at]?.level ?? 1;
  for (let up = at - 1; up >= 0; up -= 1) if (lines[up]!.level < level) return up;
  return -1;
}
