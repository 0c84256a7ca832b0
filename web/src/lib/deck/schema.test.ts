import { describe, expect, it } from 'vitest';
import { schemaOf } from './schema';

describe('a schema that is typed', () => {
  it('is none where nothing stands', () =>
    expect(schemaOf(' \n')).toEqual({ schema: null, wrong: '' }));

  it('is a JSON object', () =>
    expect(schemaOf('{"type": "object"}')).toEqual({ schema: { type: 'object' }, wrong: '' }));

  it.each(['[]', '3', 'null', '"x"'])('is not %s', (text) =>
    expect(schemaOf(text).wrong).toContain('JSON object')
  );

  it('says where the text stops being JSON', () =>
    expect(schemaOf('{"type": }').wrong).toContain('no JSON'));
});
