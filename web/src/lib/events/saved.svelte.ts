// Named links to filtered events, kept in this browser for each client.
import { filtersOf, FIELDS, type Filters } from './filters';

export interface Saved {
  name: string;
  asked: Record<string, string>;
}

export const MOST = 30;

/** What was kept; nothing where it is no list of ours. */
export function read(text: string | null): Saved[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(found)) return [];
    return found
      .filter((one) => typeof one?.name === 'string' && one.asked && typeof one.asked === 'object')
      .map(({ name, asked }) => ({ name, asked: stripped(filtersOf(texts(asked))) }))
      .slice(0, MOST);
  } catch {
    return [];
  }
}

const texts = (asked: object): Record<string, string> =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => typeof value === 'string'));

/** The filters that ask something. */
export const stripped = (filters: Filters): Record<string, string> =>
  Object.fromEntries(
    FIELDS.filter((field) => filters[field]).map((field) => [field, filters[field]])
  );

export class SavedLinks {
  list = $state.raw<Saved[]>([]);
  readonly #key: string;

  constructor(clientId: string) {
    this.#key = `raro.events.${clientId}`;
    this.list = read(localStorage.getItem(this.#key));
  }

  add(name: string, filters: Filters): void {
    const one = { name, asked: stripped(filters) };
    this.#keep([...this.list.filter((saved) => saved.name !== name), one].slice(-MOST));
  }

  remove(name: string): void {
    this.#keep(this.list.filter((saved) => saved.name !== name));
  }

  #keep(list: Saved[]): void {
    this.list = list;
    localStorage.setItem(this.#key, JSON.stringify(list));
  }
}
