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

const clear = (older_than_hours: number, dry_run: boolean) =>
  taken(api.POST('/runtime/artifacts/clear', { body: { older_than_hours, dry_run } }));

/** What clearing runs that ended longer ago would delete. */
export const wouldClear = (hours: number) => clear(hours, true);

export async function clearOld(hours: number): Promise<boolean> {
  let cleared: Awaited<ReturnType<typeof clear>> | undefined;
  const done = await attempt(async () => (cleared = await clear(hours, false)));
  if (!cleared) return done;
  const { runs, files } = cleared;
  const undo = async () => {
    for (const { run_id } of runs)
      await api.POST(`${RUN}/restore`, { params: { path: { run_id } } });
  };
  notices.tell(`${plural(files, 'artifact')} of ${plural(runs.length, 'run')} cleared.`, {
    label: 'Undo',
    run: () => attempt(undo, 'They are back.').then(() => undefined)
  });
  return done;
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
