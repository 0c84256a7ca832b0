// What the tests of a lineage are given: things and edges of which only the ids matter.
import type { LineageEdge, LineageNode } from '../api/rows';

export const file = (id: string): LineageNode => ({ id, kind: 'library', name: id, version: 1 });

export const edge = (source: string, target: string): LineageEdge => ({
  source,
  target,
  relation: 'read'
});
