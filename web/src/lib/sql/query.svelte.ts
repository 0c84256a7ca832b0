// The query at work on the SQL page: its text, its run, what came of it, and what was run before.
import { api, taken, type Refused } from '../api/client';
import type { SqlAnswer } from '../api/rows';
import { save } from '../ui/download';
import { added, read, type Past } from './history';

const EXAMPLE = 'SELECT status, count(*) AS runs\nFROM runs\nGROUP BY status\nORDER BY runs DESC';
/** What each client had typed when the page was left. */
const drafts = new Map<string, string>();

export class Query {
  answer = $state.raw<SqlAnswer | null>(null);
  error = $state.raw<Refused | null>(null);
  busy = $state(false);
  /** How long the last answer took, in milliseconds, as it was waited for. */
  took_ms = $state(0);
  past = $state.raw<Past[]>([]);
  /** The query that the answer is of. */
  asked = $state('');
  #text = $state('');
  #abort: AbortController | null = null;
  readonly #key: string;

  constructor(private readonly clientId: string) {
    this.#key = `raro.sql.${clientId}`;
    this.#text = drafts.get(clientId) ?? EXAMPLE;
    this.past = read(localStorage.getItem(this.#key));
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    drafts.set(this.clientId, text);
  }

  async run(): Promise<void> {
    this.cancel();
    const sql = this.text;
    const abort = (this.#abort = new AbortController());
    const began = performance.now();
    this.asked = sql;
    this.busy = true;
    try {
      // The answer has other forms too, which have to be asked for.
      const answer = (await taken(
        api.POST('/analytics/sql', { body: { sql, at_least: 0 }, signal: abort.signal })
      )) as SqlAnswer;
      this.took_ms = performance.now() - began;
      [this.answer, this.error] = [answer, null];
      this.#remember(sql, answer.row_count);
    } catch (error) {
      if (abort.signal.aborted) return;
      [this.answer, this.error] = [null, error as Refused];
      this.#remember(sql, null);
    } finally {
      if (this.#abort === abort) this.busy = false;
    }
  }

  /** Hang up; the server ends the query then. */
  cancel(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.busy = false;
  }

  /** The result of what was asked last as a file, asked anew. */
  async file(format: 'csv' | 'parquet'): Promise<void> {
    const bytes = await taken(
      api.POST('/analytics/sql', {
        params: { query: { format } },
        body: { sql: this.asked, at_least: 0 },
        parseAs: 'blob'
      })
    );
    save(bytes as unknown as Blob, `query.${format}`);
  }

  forget(): void {
    this.past = [];
    localStorage.removeItem(this.#key);
  }

  #remember(sql: string, rows: number | null): void {
    this.past = added(this.past, { sql, at: new Date().toISOString(), rows });
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.past));
    } catch {
      // A full storage: the history then lasts as long as the page.
    }
  }
}
