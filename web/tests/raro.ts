// A whole RARO as a user has it: `raro up` in a process of its own, on a storage of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..');
const READY = 'RARO ready at ';

export const example = (name: string): Buffer => readFileSync(join(ROOT, 'examples', name));

/** What an analyst is soon done with: two columns, three charts. */
export const PENGUINS = `species,body_mass_g\n${[3750, 3800, 3250, 5700, 5400, 3500, 3900, 4500]
  .map((mass, at) => `${['Adelie', 'Gentoo', 'Chinstrap'][at % 3]},${mass}\n`)
  .join('')}`;

/** What an analyst is done with at once: a text, for which it loads nothing that only tables need. */
export const NOTES = 'Costs fell in the north. Words to count, and some more words to count.';

export class Raro {
  readonly storage = mkdtempSync(join(tmpdir(), 'raro-console-'));
  url = '';
  #process: ChildProcess | null = null;

  constructor(private readonly env: Record<string, string> = {}) {}

  /** Start it, on the port it had before if it ran before; resolves once it serves. */
  async start(): Promise<this> {
    const port = this.url ? new URL(this.url).port : '0';
    const child = spawn(
      join(ROOT, '.venv/bin/raro'),
      ['up', '--port', port, '--storage', this.storage],
      {
        env: {
          ...process.env,
          RARO_ACK_WAIT_S: '2',
          RARO_SSE_BEAT_S: '2',
          RARO_MODEL: 'offline',
          ...this.env
        },
        stdio: ['ignore', 'pipe', 'inherit']
      }
    );
    this.#process = child;
    this.url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`raro up ended with ${code}`)));
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (line.startsWith(READY)) resolve(line.slice(READY.length).trim());
      });
    });
    return this;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const over = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await over;
  }

  /** Whatever its state; nothing of it stays. */
  async end(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const over = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const hurry = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await over;
      clearTimeout(hurry);
    }
    rmSync(this.storage, { recursive: true, force: true });
  }

  client(id: string): Client {
    return new Client(this, id);
  }
}

/** What a test does beside the page, over the same API. */
export class Client {
  constructor(
    private readonly raro: Raro,
    readonly id: string
  ) {}

  async call(
    method: string,
    path: string,
    body?: BodyInit | object
  ): Promise<Record<string, unknown>> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const answer = await fetch(this.raro.url + path, {
      method,
      headers: {
        'X-RARO-CLIENT-ID': this.id,
        ...(body && !raw && { 'Content-Type': 'application/json' })
      },
      ...(body && { body: raw ? (body as BodyInit) : JSON.stringify(body) })
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async upload(name: string, data: string | Buffer, linked = false): Promise<void> {
    const path = `/runtime/library/files/${encodeURIComponent(name)}`;
    await this.call('PUT', path, typeof data === 'string' ? data : new Uint8Array(data));
    if (linked) await this.call('PUT', `${path}/link`);
  }

  /** Start a run and wait until it is over; its id. */
  async run(directive: string, files: string[], more: object = {}): Promise<string> {
    const { run_id } = await this.call('POST', '/runtime/start', {
      directive,
      attached_files: files,
      ...more
    });
    for (;;) {
      const { status } = await this.call('GET', `/runtime/state?run_id=${run_id as string}`);
      if (['completed', 'failed', 'stopped'].includes(status as string)) return run_id as string;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
