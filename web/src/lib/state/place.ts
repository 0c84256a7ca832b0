// Where in the console one is, as the address after `#`: /, /runs, /runs/ID, /compare, /rules, /events, /analytics, /sql,
// what is asked there, and ?file= for the viewer: &of= its run, &version= an older one, &lineage= what it was made from or went into.

const OTHERS = ['compare', 'rules', 'events', 'analytics', 'sql'] as const;

export const DIRECTIONS = ['both', 'made_from', 'used_by'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** An artifact of `run` or a library file that the viewer shows. */
export type FilePlace = (
  { kind: 'library'; filename: string } | { kind: 'artifact'; runId: string; filename: string }
) & {
  /** The newest when absent. */
  version?: number | undefined;
  /** Its lineage, one or both ways, and not its content. */
  lineage?: Direction | undefined;
};

export interface Place {
  /** `deck`: a new run is prepared; `runs`: the history; `run`: one run; `compare`: two runs side by side; `rules`: what agents may not do; the others say it themselves. */
  page: 'deck' | 'runs' | 'run' | (typeof OTHERS)[number];
  runId: string | null;
  file: FilePlace | null;
  /** What is asked of a page, in its own words: filters, a time, a query. Never one of the viewer's. */
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
  const file = fileOf(wanted);
  for (const name of ['file', 'of', 'version', 'lineage']) wanted.delete(name);
  const asked = Object.fromEntries(wanted);
  return {
    page: pageOf(first, second),
    runId: first === 'runs' && second ? second : null,
    file,
    ...(Object.keys(asked).length && { asked })
  };
}

function fileOf(wanted: URLSearchParams): FilePlace | null {
  const filename = wanted.get('file');
  if (!filename) return null;
  const runId = wanted.get('of');
  const version = Number(wanted.get('version'));
  const lineage = DIRECTIONS.find((direction) => direction === wanted.get('lineage'));
  return {
    ...(runId ? { kind: 'artifact', runId, filename } : { kind: 'library', filename }),
    ...(Number.isSafeInteger(version) && version > 0 && { version }),
    ...(lineage && { lineage })
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
  if (file?.version) query.set('version', String(file.version));
  if (file?.lineage) query.set('lineage', file.lineage);
  return query.size ? `#${path}?${query}` : `#${path}`;
}
