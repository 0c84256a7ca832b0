// One connection to /runtime/stream that never gives up: reads frames, folds them, tells its listener.
import { createParser } from 'eventsource-parser';
import { CLIENT_HEADER } from '../api/client';
import { emptyTables, takePatch, takeSnapshot, type Tables } from './fold';
import { VIEWS, type Frame, type View } from './frames';

/** `connecting`: never was there; `live`: frames come; `reconnecting`: was there, tries again. */
export type Status = 'connecting' | 'live' | 'reconnecting';

export interface Standing {
  status: Status;
  /** The newest event that this connection has shown. */
  head: number;
  /** When it was last heard, ms since 1970; 0 before the first frame. */
  heard_at: number;
  /** Why the last try failed. */
  reason: string;
}

export interface Listener {
  frame(frame: Frame): void;
  standing(standing: Standing): void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
// The server beats every 15 s unless told otherwise; a connection this silent is dead.
const SILENCE_MS = 45_000;

export class Feed {
  readonly tables: Tables = emptyTables();
  /** Views of which a snapshot came: one that is not here may be anything but empty. */
  readonly known = new Set<View>();
  standing: Standing = { status: 'connecting', head: 0, heard_at: 0, reason: '' };
  #cursor: string | null = null;
  #abort = new AbortController();
  #ended = false;
  #hurry: () => void = () => {};

  constructor(
    private readonly origin: string,
    private readonly clientId: string,
    private readonly listener: Listener
  ) {}

  /** Stay connected until `end`. */
  async run(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!this.#ended) {
      const began = Date.now();
      const reason = await this.#connect().catch((error: Error) => error.message);
      if (this.#ended) return;
      wait =
        Date.now() - began > LONGEST_WAIT_MS ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
      const status = this.standing.heard_at ? 'reconnecting' : 'connecting';
      this.#stand({ status, reason: reason ?? 'the stream ended' });
      await new Promise<void>((done) => {
        const timer = setTimeout(done, wait);
        this.#hurry = () => (clearTimeout(timer), done());
      });
    }
  }

  /** Begin again from nothing: whatever the page shows is then what the server has. */
  refresh(): void {
    this.#cursor = null;
    this.retry();
  }

  /** Try now instead of later. */
  retry(): void {
    this.#abort.abort(new Error('asked to connect again'));
    this.#hurry();
  }

  end(): void {
    this.#ended = true;
    this.retry();
  }

  async #connect(): Promise<string | null> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const query = new URLSearchParams({ views: VIEWS.join(',') });
    if (this.#cursor) query.set('after', this.#cursor);
    const response = await fetch(`${this.origin}/runtime/stream?${query}`, {
      headers: { [CLIENT_HEADER]: this.clientId, Accept: 'text/event-stream' },
      cache: 'no-store',
      signal
    });
    if (!response.ok || !response.body) return `RARO answered ${response.status}`;
    let ended: string | null = null;
    const parser = createParser({
      onEvent: ({ event, data, id }) => {
        ended ??= this.#take({ event, data: JSON.parse(data) } as Frame, id);
      }
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    while (ended === null) {
      const { done, value } = await this.#within(SILENCE_MS, reader.read());
      if (done) return 'the connection was closed';
      parser.feed(value);
    }
    this.#abort.abort();
    return ended;
  }

  async #within<T>(limit_ms: number, work: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the server fell silent')), limit_ms);
    });
    try {
      return await Promise.race([work, silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Fold a frame in; the reason when the stream ends with it. */
  #take(frame: Frame, id: string | undefined): string | null {
    if (frame.event === 'snapshot') {
      takeSnapshot(this.tables, frame.data);
      this.known.add(frame.data.view);
    }
    if (frame.event === 'patch') takePatch(this.tables, frame.data);
    if (frame.event === 'resync') return frame.data.reason;
    if (frame.event === 'problem') return frame.data.detail;
    const head = 'head' in frame.data ? frame.data.head : this.standing.head;
    this.listener.frame(frame);
    if (id) this.#cursor = id;
    // Live from the first round's end on: until then the rows are not all there.
    const status = id || this.standing.status === 'live' ? 'live' : this.standing.status;
    this.#stand({ status, head, heard_at: Date.now(), reason: '' });
    return null;
  }

  #stand(changes: Partial<Standing>): void {
    this.standing = { ...this.standing, ...changes };
    this.listener.standing(this.standing);
  }
}
