// What a person does with library files: each says what came of it, and how to undo it.
import { api } from '../api/client';
import type { LibraryRow } from '../api/rows';
import { attempt } from '../state/notices.svelte';

const of = (filename: string) => ({ params: { path: { filename } } });
const PATH = '/runtime/library/files/{filename}' as const;

export function setLink(filename: string, linked: boolean): Promise<boolean> {
  return attempt(() =>
    linked ? api.PUT(`${PATH}/link`, of(filename)) : api.DELETE(`${PATH}/link`, of(filename))
  );
}

export function remove({ filename, linked }: LibraryRow): Promise<boolean> {
  const undo = async () => {
    await api.POST(`${PATH}/restore`, of(filename));
    if (linked) await api.PUT(`${PATH}/link`, of(filename));
  };
  return attempt(() => api.DELETE(PATH, of(filename)), `${filename} was deleted.`, undo);
}

export function restore(filename: string, version: number): Promise<boolean> {
  const wanted = { params: { path: { filename }, query: { version } } };
  return attempt(
    () => api.POST(`${PATH}/restore`, wanted),
    `Version ${version} of ${filename} is the newest again.`
  );
}
