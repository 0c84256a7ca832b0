// The one way to the API: typed by /openapi.json, every call in the client's name, every refusal a Refused.
import createClient, { type Middleware } from 'openapi-fetch';
import type { Problem } from './rows';
import type { paths } from './types';

export const CLIENT_HEADER = 'X-RARO-CLIENT-ID';

/** What the API, or the lack of one, answered: `code` is stable, the message says what to do. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problem: Partial<Problem> & Record<string, unknown> = {}
  ) {
    super(message);
  }

  get offline(): boolean {
    return this.status === 0;
  }
}

const unreachable = () =>
  new Refused(
    0,
    'offline',
    'RARO does not answer. It may be restarting: the page goes on by itself.'
  );

/** The problem in an answer's body; a proxy's own error page has none. */
export function refusal(status: number, body: unknown): Refused {
  const problem = (body && typeof body === 'object' ? body : {}) as Partial<Problem>;
  const detail = problem.detail ?? `RARO answered ${status}.`;
  return new Refused(status, problem.code ?? 'unknown', detail, problem as Record<string, unknown>);
}

let clientId = 'public';

/** Whose calls these are from now on. */
export function callAs(id: string): void {
  clientId = id;
}

/** Why nothing can be changed now; empty when it can. */
let closed = '';

/** Refuse what would change something, in these words, until there are none. */
export function refuseChanges(words: string): void {
  closed = words;
}

/** Calls that only ask, though they are no GET. */
const QUESTIONS = /\/(analytics|audit)\//;

export const headers = (): Record<string, string> => ({ [CLIENT_HEADER]: clientId });

const named: Middleware = {
  onRequest({ request }) {
    if (closed && request.method !== 'GET' && !QUESTIONS.test(request.url))
      throw new Refused(0, 'past_is_read_only', closed);
    request.headers.set(CLIENT_HEADER, clientId);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw refusal(response.status, await response.json().catch(() => null));
  },
  onError: ({ error }) => (error instanceof Refused ? error : unreachable())
};

const base = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '' });
base.use(named);

/** `api.GET(path, …)` as of openapi-fetch; refusals are thrown, so `data` is there. */
export const api = base;

/** The data of an answer that was not refused. */
export async function taken<T>(answer: Promise<{ data?: T }>): Promise<T> {
  try {
    return (await answer).data as T;
  } catch (error) {
    // The connection may also break while the body is on its way.
    throw error instanceof Refused ? error : unreachable();
  }
}

/** A text that is too long to be part of an answer, from its own address; JSON's `output` of an agent's. */
export async function textAt(address: string): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(address, { headers: headers() });
  } catch {
    throw unreachable();
  }
  const json = answer.headers.get('content-type')?.includes('json');
  const body: unknown = json ? await answer.json() : await answer.text();
  if (!answer.ok) throw refusal(answer.status, body);
  return json ? (body as { output: string }).output : (body as string);
}

const path = (name: string) => name.split('/').map(encodeURIComponent).join('/');

/** Addresses of bytes, for links, pictures and frames; the cookie says whose they are. */
export const at = {
  library: (filename: string, version?: number) =>
    `/runtime/library/files/${encodeURIComponent(filename)}${version ? `?version=${version}` : ''}`,
  artifact: (run_id: string, filename: string, version?: number) =>
    `/runtime/artifacts/${encodeURIComponent(run_id)}/files/${path(filename)}${version ? `?version=${version}` : ''}`,
  text: (run_id: string, sha256: string) =>
    `/runtime/${encodeURIComponent(run_id)}/texts/${sha256}`,
  archive: (run_id: string) => `/runtime/artifacts/${encodeURIComponent(run_id)}/archive`,
  crate: (run_id: string) => `/runtime/artifacts/${encodeURIComponent(run_id)}/crate`,
  report: (run_id: string) => `/runtime/${encodeURIComponent(run_id)}/report`,
  download: (address: string) => `${address}${address.includes('?') ? '&' : '?'}download=1`
};
