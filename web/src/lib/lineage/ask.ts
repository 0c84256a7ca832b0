// What is asked of the API about a file's lineage.
import { api, taken } from '../api/client';
import type { Keeper } from '../api/rows';
import type { FilePlace } from '../state/place';
import type { Found } from './graph';

export interface Wanted {
  /** All versions when absent. */
  version?: number;
  /** Only what agents were seen to read. */
  seen: boolean;
  /** Things in each of the two graphs. */
  limit: number;
}

/** The most that the API tells at once. */
export const MOST = 1000;

/** Both graphs, and what an artifact is kept for. */
export async function lineageOf(
  file: FilePlace,
  wanted: Wanted
): Promise<Found & { kept_for: Keeper[] }> {
  const { filename } = file;
  if (file.kind === 'library') {
    const found = await taken(
      api.GET('/runtime/library/files/{filename}/lineage', {
        params: { path: { filename }, query: wanted }
      })
    );
    return { ...found, kept_for: [] };
  }
  const path = { run_id: file.runId, path: filename };
  return taken(
    api.GET('/runtime/artifacts/{run_id}/files/{path}/lineage', { params: { path, query: wanted } })
  );
}
