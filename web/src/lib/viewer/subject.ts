// What the viewer shows: a library file or an artifact, with its addresses and what is asked about it.
import { api, at, taken } from '../api/client';
import type { ArtifactRow, LibraryRow } from '../api/rows';
import type { components, operations } from '../api/types';

export type Subject =
  | { kind: 'library'; filename: string; row: LibraryRow }
  | { kind: 'artifact'; filename: string; row: ArtifactRow };

export type Preview = components['schemas']['PreviewAnswer'];
export type PreviewColumn = components['schemas']['PreviewColumn'];
export type Page = Omit<NonNullable<operations['preview_file']['parameters']['query']>, 'version'>;

/** Where the bytes are. Without a version, the newest. */
export function addressOf(subject: Subject, version?: number): string {
  const { filename } = subject;
  return subject.kind === 'library'
    ? at.library(filename, version)
    : at.artifact(subject.row.run_id, filename, version);
}

export function previewOf(subject: Subject, version: number, page: Page = {}): Promise<Preview> {
  const query = { ...page, version };
  const { filename } = subject;
  if (subject.kind === 'library')
    return taken(
      api.GET('/runtime/library/files/{filename}/preview', {
        params: { path: { filename }, query }
      })
    );
  const path = { run_id: subject.row.run_id, path: filename };
  return taken(
    api.GET('/runtime/artifacts/{run_id}/files/{path}/preview', { params: { path, query } })
  );
}

const WHOLE_TEXT_BYTES = 4 * 1024 * 1024;

/** The text of a file, up to 4 MB of it; `cut` tells that there is more. */
export async function textOf(
  subject: Subject,
  version: number
): Promise<{ text: string; cut: boolean }> {
  let text = '';
  let offset: number | null | undefined = 0;
  while (offset !== null && offset !== undefined && offset < WHOLE_TEXT_BYTES) {
    const piece: Preview = await previewOf(subject, version, { offset });
    text += piece.text;
    offset = piece.next_offset;
  }
  return { text, cut: offset !== null && offset !== undefined };
}
