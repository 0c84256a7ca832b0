import { describe, expect, it } from 'vitest';
import { read } from './saved.svelte';

describe('saved links', () => {
  it('come back as they were kept, without what no filter is', () => {
    const kept = [
      { name: 'failures', asked: { type: 'failed', file: 'x', from: 'never', run: 7 } }
    ];
    expect(read(JSON.stringify(kept))).toEqual([{ name: 'failures', asked: { type: 'failed' } }]);
  });

  it.each([null, '', '{', '{}', '[null, 1, {"name": 1}, {"name": "x", "asked": null}]'])(
    'of %s are none',
    (text) => expect(read(text)).toEqual([])
  );
});
