// Short words on what just happened, with a way back where there is one.
import { Refused } from '../api/client';

export interface Notice {
  id: number;
  tone: 'done' | 'error';
  text: string;
  /** A button beside the text, such as Undo. */
  action?: { label: string; run: () => Promise<unknown> | void };
}

const SHOWN_MS = 6_000;
const WITH_ACTION_MS = 12_000;

export class Notices {
  list = $state<Notice[]>([]);
  #next = 1;

  tell(text: string, action?: Notice['action']): void {
    this.#add({ id: this.#next++, tone: 'done', text, ...(action && { action }) });
  }

  /** Say why something did not work, in the server's own words. */
  fail(error: unknown): void {
    const text = error instanceof Refused || error instanceof Error ? error.message : String(error);
    this.#add({ id: this.#next++, tone: 'error', text });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(notice: Notice): void {
    this.list = [...this.list, notice].slice(-4);
    setTimeout(() => this.dismiss(notice.id), notice.action ? WITH_ACTION_MS : SHOWN_MS);
  }
}

export const notices = new Notices();

/** Do something and say what came of it: nothing is thrown. True when it worked. */
export async function attempt(
  work: () => Promise<unknown>,
  done?: string,
  undo?: () => Promise<unknown>
): Promise<boolean> {
  try {
    await work();
  } catch (error) {
    notices.fail(error);
    return false;
  }
  if (done)
    notices.tell(done, undo && { label: 'Undo', run: () => attempt(undo).then(() => undefined) });
  return true;
}
