// What the tests of one worker share, each made when a test first asks for it: a worker that needs nothing else than
// another one's does not start a browser and a server of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Raro, type Client } from './raro';

/** Something that is ended when nobody asks for it any more. */
export interface Ends {
  end(): Promise<void>;
}

/** What a client did before the tests began: a run to look at, and more. */
export interface Past {
  client: Client;
  run: string;
}

export class Shared {
  #pasts = new Map<string, Promise<Past>>();
  #plain: Promise<Raro> | null = null;
  #own: { name: string; made: Promise<Ends> } | null = null;

  /** A RARO with no settings of its own. */
  raro(): Promise<Raro> {
    return (this.#plain ??= new Raro().start());
  }

  /** What a file of tests stands on beside or instead of that; the tests of one file follow each other. */
  async own<T extends Ends>(name: string, make: () => Promise<T>): Promise<T> {
    if (this.#own?.name !== name) {
      await (await this.#own?.made)?.end();
      this.#own = { name, made: make() };
    }
    return (await this.#own.made) as T;
  }

  /** A client's past that tests only look at; `furnish` makes it, and gives the run. */
  past(name: string, furnish: (client: Client) => Promise<string>): Promise<Past> {
    const made = this.#pasts.get(name) ?? this.#furnished(name, furnish);
    this.#pasts.set(name, made);
    return made;
  }

  async #furnished(name: string, furnish: (client: Client) => Promise<string>): Promise<Past> {
    const client = (await this.raro()).client(name);
    return { client, run: await furnish(client) };
  }

  async end(): Promise<void> {
    await (await this.#own?.made)?.end();
    await (await this.#plain)?.end();
  }
}

/** A RARO whose agents say what a script has them say, under rules of its own if there are any. */
export class Scripted implements Ends {
  private constructor(
    readonly raro: Raro,
    private readonly folder: string
  ) {}

  static async start(script: object, rules?: string): Promise<Scripted> {
    const folder = mkdtempSync(join(tmpdir(), 'raro-script-'));
    const [told, ruled] = [join(folder, 'script.yaml'), join(folder, 'rules.toml')];
    // JSON is YAML, too.
    writeFileSync(told, JSON.stringify(script));
    if (rules) writeFileSync(ruled, rules);
    const raro = new Raro({ RARO_MODEL: `script:${told}`, ...(rules && { RARO_RULES: ruled }) });
    return new Scripted(await raro.start(), folder);
  }

  async end(): Promise<void> {
    await this.raro.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
