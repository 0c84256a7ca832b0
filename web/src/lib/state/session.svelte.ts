// Who the page speaks for, and what this person likes: kept in this browser.
import { callAs } from '../api/client';

export type Theme = 'archival' | 'phosphor';

interface Kept {
  clientId: string;
  theme: Theme;
  pinnedLeft: boolean;
  pinnedRight: boolean;
  /** Days a new run's artifacts are kept; null: the server's own default. */
  retentionDays: number | null;
  toured: boolean;
}

const KEY = 'raro.settings';
const VALID = /^[A-Za-z0-9_-]{1,64}$/;
const A_YEAR_S = 31_536_000;

const ownId = () =>
  `user-${crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16).padStart(8, '0')}`;

function read(): Kept {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const fresh: Kept = {
    clientId: ownId(),
    theme: dark ? 'phosphor' : 'archival',
    pinnedLeft: false,
    pinnedRight: false,
    retentionDays: null,
    toured: false
  };
  try {
    const kept = { ...fresh, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>) };
    return VALID.test(kept.clientId) ? kept : { ...kept, clientId: fresh.clientId };
  } catch {
    return fresh;
  }
}

export class Session {
  #kept = $state<Kept>(read());

  constructor() {
    this.#keep();
    addEventListener('storage', ({ key }) => key === KEY && this.#adopt());
  }

  get clientId(): string {
    return this.#kept.clientId;
  }

  get theme(): Theme {
    return this.#kept.theme;
  }

  get settings(): Readonly<Kept> {
    return this.#kept;
  }

  /** Why an id cannot be one; empty when it can. */
  static wrongWith(id: string): string {
    if (id === '_system') return 'This name is RARO’s own.';
    return VALID.test(id) ? '' : 'Use 1 to 64 letters, digits, _ and -.';
  }

  change(changes: Partial<Kept>): void {
    Object.assign(this.#kept, changes);
    this.#keep();
  }

  #adopt(): void {
    Object.assign(this.#kept, read());
    this.#apply();
  }

  #keep(): void {
    localStorage.setItem(KEY, JSON.stringify(this.#kept));
    this.#apply();
  }

  #apply(): void {
    callAs(this.#kept.clientId);
    document.documentElement.dataset.theme = this.#kept.theme;
    // Downloads and pictures cannot send a header.
    document.cookie = `raro_client=${this.#kept.clientId}; path=/; max-age=${A_YEAR_S}; SameSite=Strict`;
  }
}

export const session = new Session();
