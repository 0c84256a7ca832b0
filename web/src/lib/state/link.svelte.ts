// The page's connection: its standing, its lag, and the frames it hands to the views.
import { connect, type Connection } from '../stream/connect';
import type { Standing } from '../stream/feed';
import { session } from './session.svelte';
import { views } from './views.svelte';

export class Link {
  standing = $state<Standing>({ status: 'connecting', head: 0, heard_at: 0, reason: '' });
  #connection: Connection | null = null;

  /** Connect as the session's client; again, when that is another one now. */
  open(): void {
    this.close();
    this.#connection = connect(session.clientId, {
      frame: (frame) => views.take(frame),
      standing: (standing) => (this.standing = standing)
    });
  }

  close(): void {
    this.#connection?.leave();
    this.#connection = null;
    views.forget();
  }

  /** Take everything anew. */
  refresh(): void {
    this.#connection?.refresh();
  }

  retry(): void {
    this.#connection?.retry();
  }
}

export const link = new Link();
