// Where in the console one is, as the address after `#`: /, /runs, /runs/ID, /rules, /events, /analytics, /sql, what
// is asked there, and ?file= for the viewer.

const OTHERS = ['rules', 'events', 'analytics', 'sql'] as const;

export interface Place {
  /** `deck`: a new run is prepared; `runs`: the history; `run`: one run; `rules`: what agents may not do; the others say it themselves. */
  page: 'deck' | 'runs' | 'run' | (typeof OTHERS)[number];
  runId: string | null;
  /** The artifact of `run` or library file that the viewer shows. */
  file:
    | { kind: 'library'; filename: string }
    | { kind: 'artifact'; runId: string; filename: string }
    | null;
  /** What is asked of a page, in its own words: filters, a time, a query. Never `file` or `of`. */
  asked?: Readonly<Record<string, string>>;
}

/** An address that somebody typed may be no valid one. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function pageOf(first: string | undefined, second: string | undefined): Place['page'] {
  if (first === 'runs') return second ? 'run' : 'runs';
  return OTHERS.find((page) => page === first) ?? 'deck';
}

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [, first, second] = path.split('/').map(decoded);
  const wanted = new URLSearchParams(query);
  const filename = wanted.get('file');
  const of = wanted.get('of');
  for (const name of ['file', 'of']) wanted.delete(name);
  const asked = Object.fromEntries(wanted);
  return {
    page: pageOf(first, second),
    runId: first === 'runs' && second ? second : null,
    file: !filename
      ? null
      : of
        ? { kind: 'artifact', runId: of, filename }
        : { kind: 'library', filename },
    ...(Object.keys(asked).length && { asked })
  };
}

export function hashOf({ page, runId, file, asked }: Place): string {
  const path =
    page === 'run'
      ? `/runs/${encodeURIComponent(runId ?? '')}`
      : page === 'deck'
        ? '/'
        : `/${page}`;
  const query = new URLSearchParams(asked);
  if (file) query.set('file', file.filename);
  if (file?.kind === 'artifact') query.set('of', file.runId);
  return query.size ? `#${path}?${query}` : `#${path}`;
}
