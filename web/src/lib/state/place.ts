// Where in the console one is, as the address after `#`: /, /runs, /runs/ID, /rules, and ?file= for the viewer.

export interface Place {
  /** `deck`: a new run is prepared; `runs`: the history; `run`: one run; `rules`: what agents may not do. */
  page: 'deck' | 'runs' | 'run' | 'rules';
  runId: string | null;
  /** The artifact of `run` or library file that the viewer shows. */
  file:
    | { kind: 'library'; filename: string }
    | { kind: 'artifact'; runId: string; filename: string }
    | null;
}

/** An address that somebody typed may be no valid one. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [, first, second] = path.split('/').map(decoded);
  const wanted = new URLSearchParams(query);
  const filename = wanted.get('file');
  const of = wanted.get('of');
  return {
    page: first === 'runs' ? (second ? 'run' : 'runs') : first === 'rules' ? 'rules' : 'deck',
    runId: first === 'runs' && second ? second : null,
    file: !filename
      ? null
      : of
        ? { kind: 'artifact', runId: of, filename }
        : { kind: 'library', filename }
  };
}

export function hashOf({ page, runId, file }: Place): string {
  const path =
    page === 'run'
      ? `/runs/${encodeURIComponent(runId ?? '')}`
      : page === 'deck'
        ? '/'
        : `/${page}`;
  if (!file) return `#${path}`;
  const query = new URLSearchParams({ file: file.filename });
  if (file.kind === 'artifact') query.set('of', file.runId);
  return `#${path}?${query}`;
}
