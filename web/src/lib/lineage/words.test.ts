import { describe, expect, it } from 'vitest';
import type { LineageNode } from '../api/rows';
import { parsePlace, type Place } from '../state/place';
import { hrefOf, placeOf, relationOf, wordsOf } from './words';

const HERE: Place = { page: 'runs', runId: null, file: null };
const RUN = 'run_5f2c8a9b7d1e4f60';
const ARTIFACT: LineageNode = {
  id: 'x',
  kind: 'artifact',
  name: 'sub/Größe & 50%.md',
  run_id: RUN,
  version: 2
};

describe('what a click on a thing opens', () => {
  it('is that version of the file, over the page that is open', () => {
    expect(parsePlace(hrefOf(ARTIFACT, HERE)!)).toEqual({
      ...HERE,
      file: { kind: 'artifact', runId: RUN, filename: ARTIFACT.name, version: 2 }
    });
    const library: LineageNode = { id: 'x', kind: 'library', name: 'a.csv', version: 1 };
    expect(parsePlace(hrefOf(library, HERE)!).file).toEqual({
      kind: 'library',
      filename: 'a.csv',
      version: 1
    });
  });

  it('is the lineage of what is gone, for that is all there is of it', () => {
    const place = parsePlace(hrefOf({ ...ARTIFACT, gone: 'expired' }, HERE)!);
    expect(place.file?.lineage).toBe('both');
  });

  it('is the run of an agent', () => {
    const agent: LineageNode = { id: 'x', kind: 'agent', name: 'writer', run_id: RUN };
    expect(parsePlace(hrefOf(agent, HERE)!)).toEqual({ page: 'run', runId: RUN, file: null });
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', 'file:///etc/passwd', ''])(
    'is nothing for %s',
    (name) => expect(hrefOf({ id: 'x', kind: 'web', name }, HERE)).toBeNull()
  );

  it('is a web page at its own address', () => {
    const name = 'https://example.org/a?b=1';
    expect(hrefOf({ id: 'x', kind: 'web', name }, HERE)).toBe(name);
  });
});

describe('the words of a lineage', () => {
  it('say which way an edge is read', () => {
    expect(relationOf({ relation: 'made' }, 'made_from')).toBe('made by');
    expect(relationOf({ relation: 'read' }, 'used_by')).toBe('read by');
  });

  it('name what, which version, where, and that it is gone', () => {
    expect(wordsOf({ ...ARTIFACT, gone: 'deleted' })).toBe(
      'sub/Größe & 50%.md version 2, artifact of run 5f2c8a9b, deleted'
    );
    expect(placeOf({ id: 'x', kind: 'library', name: 'a', scope: 'public' })).toBe(
      'public library'
    );
  });
});
