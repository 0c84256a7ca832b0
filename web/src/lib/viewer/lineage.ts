// The lineage of one version of a file as two trees to be read: what it was made from, what was made from it.
import { shortRun } from '../format';
import { hashOf } from '../state/place';
import type { components } from '../api/types';

export type Graph = components['schemas']['LineageGraph'];
export type Node = components['schemas']['LineageNode'];

export interface Branch {
  id: string;
  /** How it became what is above, or what is above became it: "read", "made by"… with the turn. */
  how: string;
  name: string;
  /** Where it is: a run, the library, the web. */
  where: string;
  /** The file or run in the console; a page of the web is no link. */
  href: string | null;
  gone: string | null;
  /** It stands in the tree already, with what is behind it. */
  again: boolean;
  inside: Branch[];
}

const BACK: Record<string, string> = {
  given: 'was given',
  read: 'read',
  made: 'made by',
  saved: 'saved from',
  restored: 'restored from'
};
const ONWARDS: Record<string, string> = {
  given: 'given to',
  read: 'read by',
  made: 'made',
  saved: 'saved as',
  restored: 'restored as'
};

/** What is beyond a node, and beyond that, each thing with its own branches once. */
export function branches(graph: Graph, root: string, towards: 'made_from' | 'used_by'): Branch[] {
  const [near, far, words] =
    towards === 'made_from'
      ? (['target', 'source', BACK] as const)
      : (['source', 'target', ONWARDS] as const);
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const shown = new Set([root]);

  function beyond(id: string): Branch[] {
    return graph.edges
      .filter((edge) => edge[near] === id && nodes.has(edge[far]))
      .map((edge) => {
        const again = shown.has(edge[far]);
        shown.add(edge[far]);
        const turn = edge.turn ? `, turn ${edge.turn}` : '';
        return {
          ...described(nodes.get(edge[far])!),
          how: `${words[edge.relation]}${turn}`,
          again,
          inside: again ? [] : beyond(edge[far])
        };
      });
  }
  return beyond(root);
}

function described(node: Node): Omit<Branch, 'how' | 'again' | 'inside'> {
  const version = node.version ? ` v${node.version}` : '';
  return {
    id: node.id,
    name: `${node.kind === 'agent' ? 'agent ' : ''}${node.name}${version}`,
    where: node.run_id
      ? `run ${shortRun(node.run_id)}`
      : node.kind === 'library'
        ? 'library'
        : 'web',
    href: addressOf(node),
    gone: node.gone ?? null
  };
}

function addressOf(node: Node): string | null {
  if (node.kind === 'library')
    return hashOf({
      page: 'deck',
      runId: null,
      file: { kind: 'library', filename: node.name }
    });
  if (!node.run_id) return null;
  const file =
    node.kind === 'artifact'
      ? ({ kind: 'artifact', runId: node.run_id, filename: node.name } as const)
      : null;
  return hashOf({ page: 'run', runId: node.run_id, file });
}
