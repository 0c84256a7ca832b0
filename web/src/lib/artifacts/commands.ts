// What a person does with artifacts: each says what came of it, and how to undo it.
import { api, taken } from '../api/client';
import type { ArtifactRow } from '../api/rows';
import { baseName, plural } from '../format';
import { attempt, notices } from '../state/notices.svelte';

const PATH = '/runtime/artifacts/{run_id}/files/{path}' as const;
const RUN = '/runtime/artifacts/{run_id}' as const;
type Key = Pick<ArtifactRow, 'run_id' | 'filename'>;
const of = ({ run_id, filename }: Key) => ({ params: { path: { run_id, path: filename } } });

export function setPin(file: ArtifactRow, pinned: boolean): Promise<boolean> {
  const work = () =>
    pinned ? api.POST(`${PATH}/pin`, of(file)) : api.POST(`${PATH}/unpin`, of(file));
  return attempt(
    work,
    `${baseName(file.filename)} ${pinned ? 'is pinned: it does not expire.' : 'expires again.'}`
  );
}

export function remove(file: Key): Promise<boolean> {
  return attempt(
    () => api.DELETE(PATH, of(file)),
    `${baseName(file.filename)} was deleted.`,
    () => api.POST(`${PATH}/restore`, of(file))
  );
}

export function removeRun(run_id: string, files: number): Promise<boolean> {
  const path = { params: { path: { run_id } } };
  return attempt(
    () => api.DELETE(RUN, path),
    `${plural(files, 'artifact')} deleted.`,
    () => api.POST(`${RUN}/restore`, path)
  );
}

/** Save to the library under a name; with `as` an existing file gets a new version. */
export async function save(file: ArtifactRow, as: string): Promise<boolean> {
  const { params } = of(file);
  const wanted = { params: { ...params, query: { as, version: file.version } } };
  let version = 0;
  const saved = await attempt(async () => {
    version = (await taken(api.POST(`${PATH}/promote`, wanted))).library_version;
  });
  if (saved) notices.tell(`Saved to the library as ${as}, version ${version}.`);
  return saved;
}
