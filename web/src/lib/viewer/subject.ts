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

export interface Version {
  version: number;
  sha256: string;
  content_type: string;
  size_bytes: number;
  time: string;
  by: string;
}

/** Every version of a file, newest first. */
export async function versionsOf(subject: Subject): Promise<Version[]> {
  const { filename } = subject;
  if (subject.kind === 'library') {
    const path = { filename };
    const found = await taken(
      api.GET('/runtime/library/files/{filename}/versions', { params: { path } })
    );
    return found.versions.map((one) => ({ ...one, time: one.uploaded_at, by: one.actor }));
  }
  const path = { run_id: subject.row.run_id, path: filename };
  const found = await taken(
    api.GET('/runtime/artifacts/{run_id}/files/{path}/versions', { params: { path } })
  );
  return found.versions.map((one) => ({
    ...one,
    time: one.generated_at,
    by: `${one.agent_id}, turn ${one.turn}`
  }));
}

/** The file as that version of it. */
export function asOf(subject: Subject, of: Version): Subject {
  const { version, sha256, content_type, size_bytes } = of;
  return {
    ...subject,
    row: { ...subject.row, version, sha256, content_type, size_bytes }
  } as Subject;
}

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
