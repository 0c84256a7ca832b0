// The machine's rules as the page shows them, and what a person does with them. Each change can be taken back.
import { api, Refused, taken } from '../api/client';
import type { PolicyState } from '../api/rows';
import { attempt } from '../state/notices.svelte';

/** The log moves on many times a second; the rules are looked at no more often than this. */
const APART_MS = 1_000;

export class RuleBook {
  state = $state.raw<PolicyState | null>(null);
  error = $state.raw<Refused | null>(null);
  /** The file's text as it is being edited, and the hash of the text it was begun from; null: it is not. */
  edited = $state<{ text: string; from: string } | null>(null);
  #looking = false;
  #again = false;
  #asked = 0;
  #last = Promise.resolve();

  /** Bring it up to date; calls that come meanwhile are joined into one more. */
  async look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    do {
      this.#again = false;
      await this.fetch();
      await new Promise((resolve) => setTimeout(resolve, APART_MS));
    } while (this.#again);
    this.#looking = false;
  }

  /** Read it now; of answers that overtake each other the last asked for counts, and all wait for it. */
  fetch(): Promise<void> {
    return (this.#last = this.#read(++this.#asked));
  }

  async #read(asked: number): Promise<void> {
    try {
      const state = await taken(api.GET('/runtime/policy'));
      if (asked === this.#asked) [this.state, this.error] = [state, null];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (asked === this.#asked) this.error = error;
    }
    if (asked !== this.#asked) await this.#last;
  }

  switchOff(rule_id: string, reason: string): Promise<boolean> {
    const off = () => this.#remove(rule_id, reason);
    return this.#change(off, `${rule_id} is switched off.`, () => this.#restore(rule_id, 'undone'));
  }

  switchOn(rule_id: string): Promise<boolean> {
    const on = () => this.#restore(rule_id, '');
    return this.#change(on, `${rule_id} applies again.`, () => this.#remove(rule_id, 'undone'));
  }

  /** Take a rule of one's own out of the file. */
  remove(rule_id: string, reason: string): Promise<boolean> {
    return this.#change(() => this.#remove(rule_id, reason), `${rule_id} is removed.`);
  }

  /** Put a whole text in the file's place; `text_sha256` is that of the text it was made from. */
  put(toml: string, reason: string, text_sha256: string): Promise<boolean> {
    return this.#change(() => this.#put(toml, reason, text_sha256), 'The rules are in force.');
  }

  accept(proposal_id: string, reason: string): Promise<boolean> {
    const params = { path: { proposal_id } };
    const path = '/runtime/policy/proposals/{proposal_id}/accept';
    return this.#change(
      () => taken(api.POST(path, { params, body: { reason } })),
      'The rule is in force.'
    );
  }

  async reject(proposal_id: string, reason: string): Promise<boolean> {
    const params = { path: { proposal_id } };
    const path = '/runtime/policy/proposals/{proposal_id}/reject';
    const done = await attempt(() => taken(api.POST(path, { params, body: { reason } })));
    await this.fetch();
    return done;
  }

  /** Have a sentence made into a rule, which waits for a person then. Refusals are thrown: they are shown in place. */
  async propose(sentence: string): Promise<void> {
    await taken(api.POST('/runtime/policy/compile', { body: { sentence } }));
    await this.fetch();
  }

  #remove(rule_id: string, reason: string): Promise<unknown> {
    const params = { path: { rule_id }, query: { reason } };
    return taken(api.DELETE('/runtime/policy/rules/{rule_id}', { params }));
  }

  #restore(rule_id: string, reason: string): Promise<unknown> {
    const params = { path: { rule_id } };
    const path = '/runtime/policy/rules/{rule_id}/restore';
    return taken(api.POST(path, { params, body: { reason } }));
  }

  #put(toml: string, reason: string, text_sha256: string): Promise<unknown> {
    return taken(api.PUT('/runtime/policy/rules', { body: { toml, reason, text_sha256 } }));
  }

  /** Do it, read what came of it, offer the way back: `back`, or the text as it was. */
  async #change(
    work: () => Promise<unknown>,
    done: string,
    back?: () => Promise<unknown>
  ): Promise<boolean> {
    const before = this.state?.text ?? '';
    let made = '';
    const worked = async () => {
      await work();
      await this.fetch();
      made = this.state?.text_sha256 ?? '';
    };
    const undo = async () => {
      // The text as it was goes only in the place of what this change made of it.
      await (back ?? (() => this.#put(before, 'undone', made)))();
      await this.fetch();
    };
    const ok = await attempt(worked, done, undo);
    if (!ok) await this.fetch();
    return ok;
  }
}

/** One for the page, whoever it speaks for: a text that is being edited outlives a look at another page. */
export const rulebook = new RuleBook();
