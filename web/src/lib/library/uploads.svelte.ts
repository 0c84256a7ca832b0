// The upload queue: a few at once, each with real progress, to be cancelled or tried again.
import { at, headers, refusal } from '../api/client';
import type { Kept } from '../api/rows';

export type UploadState = 'queued' | 'sending' | 'done' | 'failed' | 'cancelled';

export interface Upload {
  id: number;
  name: string;
  size_bytes: number;
  sent_bytes: number;
  state: UploadState;
  /** Why it failed, or what it became. */
  words: string;
}

/** How it ended: what the library has now, or why not. */
export type End = { kept: Pick<Kept, 'version' | 'created'> } | { error: string };

/** Sends one file in a client's name; tells how far it is; the returned function breaks it off. */
export type Send = (
  name: string,
  file: Blob,
  as: Record<string, string>,
  progress: (sent_bytes: number) => void,
  end: (end: End) => void
) => () => void;

const AT_ONCE = 3;
const DONE_SHOWN_MS = 4_000;

/** XMLHttpRequest, for fetch tells nothing of how far an upload is. */
export const sendByXhr: Send = (name, file, as, progress, end) => {
  const request = new XMLHttpRequest();
  request.open('PUT', at.library(name));
  for (const [header, value] of Object.entries(as)) request.setRequestHeader(header, value);
  request.responseType = 'json';
  request.upload.onprogress = ({ loaded }) => progress(loaded);
  request.onload = () =>
    end(
      request.status < 300
        ? { kept: request.response as Kept }
        : { error: refusal(request.status, request.response).message }
    );
  request.onerror = () => end({ error: 'The connection broke. Nothing was kept; try again.' });
  request.send(file);
  return () => request.abort();
};

const became = ({ version, created }: Pick<Kept, 'version' | 'created'>): string =>
  !created ? 'nothing new in it' : version > 1 ? `now version ${version}` : 'kept';

export class Uploads {
  list = $state<Upload[]>([]);
  #given = new Map<number, { file: Blob; as: Record<string, string> }>();
  #stop = new Map<number, () => void>();
  #next = 1;

  constructor(private readonly send: Send = sendByXhr) {}

  /** Whether leaving the page now would lose something. */
  get busy(): boolean {
    return this.list.some(({ state }) => state === 'queued' || state === 'sending');
  }

  get failed(): boolean {
    return this.list.some(({ state }) => state === 'failed');
  }

  /** The files go to the client that the page speaks for now, whoever that is when their turn comes. */
  add(files: Iterable<File>): void {
    for (const file of files) {
      const id = this.#next++;
      this.#given.set(id, { file, as: headers() });
      this.list.push({
        id,
        name: file.name,
        size_bytes: file.size,
        sent_bytes: 0,
        state: 'queued',
        words: ''
      });
    }
    this.#work();
  }

  cancel(id: number): void {
    this.#stop.get(id)?.();
    this.#over(id, 'cancelled');
  }

  retry(id: number): void {
    const upload = this.#of(id);
    if (upload?.state !== 'failed' && upload?.state !== 'cancelled') return;
    Object.assign(upload, { state: 'queued', sent_bytes: 0, words: '' });
    this.#work();
  }

  dismiss(id: number): void {
    this.list = this.list.filter((upload) => upload.id !== id);
    this.#given.delete(id);
  }

  #of(id: number): Upload | undefined {
    return this.list.find((upload) => upload.id === id);
  }

  #work(): void {
    for (const upload of this.list) {
      if (this.#stop.size >= AT_ONCE) return;
      if (upload.state === 'queued') this.#begin(upload);
    }
  }

  #begin(upload: Upload): void {
    const { id, name } = upload;
    const { file, as } = this.#given.get(id)!;
    upload.state = 'sending';
    this.#stop.set(id, () => {});
    const progress = (sent: number) => (upload.sent_bytes = Math.min(sent, upload.size_bytes));
    const stop = this.send(name, file, as, progress, (end) =>
      'kept' in end ? this.#over(id, 'done', became(end.kept)) : this.#over(id, 'failed', end.error)
    );
    if (upload.state === 'sending') this.#stop.set(id, stop);
  }

  #over(id: number, state: UploadState, words = ''): void {
    const upload = this.#of(id);
    this.#stop.delete(id);
    // What was cancelled stays so, whatever comes after.
    if (upload?.state === 'queued' || upload?.state === 'sending') {
      Object.assign(upload, { state, words });
      if (state === 'done') {
        upload.sent_bytes = upload.size_bytes;
        setTimeout(() => this.dismiss(id), DONE_SHOWN_MS);
      }
    }
    this.#work();
  }
}

export const uploads = new Uploads();
