// The upload queue: a few at once, each with real progress, to be cancelled or tried again.
import { at, headers, refusal } from '../api/client';

export type UploadState = 'queued' | 'sending' | 'done' | 'failed' | 'cancelled';

export interface Upload {
  id: number;
  name: string;
  size_bytes: number;
  sent_bytes: number;
  state: UploadState;
  error: string;
}

/** Sends one file; tells how far it is; the returned function breaks it off. */
export type Send = (
  name: string,
  file: Blob,
  progress: (sent_bytes: number) => void,
  end: (error: string | null) => void
) => () => void;

const AT_ONCE = 3;
const DONE_SHOWN_MS = 4_000;

/** XMLHttpRequest, for fetch tells nothing of how far an upload is. */
export const sendByXhr: Send = (name, file, progress, end) => {
  const request = new XMLHttpRequest();
  request.open('PUT', at.library(name));
  for (const [header, value] of Object.entries(headers())) request.setRequestHeader(header, value);
  request.responseType = 'json';
  request.upload.onprogress = ({ loaded }) => progress(loaded);
  request.onload = () =>
    end(request.status < 300 ? null : refusal(request.status, request.response).message);
  request.onerror = () => end('The connection broke. Nothing was kept; try again.');
  request.send(file);
  return () => request.abort();
};

export class Uploads {
  list = $state<Upload[]>([]);
  #files = new Map<number, Blob>();
  #stop = new Map<number, () => void>();
  #next = 1;

  constructor(private readonly send: Send = sendByXhr) {}

  add(files: Iterable<File>): void {
    for (const file of files) {
      const id = this.#next++;
      this.#files.set(id, file);
      this.list.push({
        id,
        name: file.name,
        size_bytes: file.size,
        sent_bytes: 0,
        state: 'queued',
        error: ''
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
    if (!upload || !this.#files.has(id)) return;
    Object.assign(upload, { state: 'queued', sent_bytes: 0, error: '' });
    this.#work();
  }

  dismiss(id: number): void {
    this.list = this.list.filter((upload) => upload.id !== id);
    this.#files.delete(id);
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
    const { id } = upload;
    upload.state = 'sending';
    this.#stop.set(id, () => {});
    const stop = this.send(
      upload.name,
      this.#files.get(id)!,
      (sent) => (upload.sent_bytes = sent),
      (error) => this.#over(id, error === null ? 'done' : 'failed', error ?? '')
    );
    if (upload.state === 'sending') this.#stop.set(id, stop);
  }

  #over(id: number, state: UploadState, error = ''): void {
    const upload = this.#of(id);
    this.#stop.delete(id);
    if (upload) {
      Object.assign(upload, {
        state,
        error,
        ...(state === 'done' && { sent_bytes: upload.size_bytes })
      });
      if (state === 'done') setTimeout(() => this.dismiss(id), DONE_SHOWN_MS);
    }
    this.#work();
  }
}

export const uploads = new Uploads();
