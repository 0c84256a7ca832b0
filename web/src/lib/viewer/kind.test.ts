import { describe, expect, it } from 'vitest';
import { isNumber, languageOf, viewerOf } from './kind';

describe('the viewer of a file', () => {
  it.each([
    ['a.png', 'image/png', 'image'],
    ['a.svg', 'image/svg+xml', 'svg'],
    ['a.pdf', 'application/pdf', 'pdf'],
    ['a.md', 'text/markdown', 'markdown'],
    ['a.csv', 'text/csv', 'table'],
    ['a', 'application/vnd.apache.parquet', 'table'],
    ['a.json', 'application/json', 'json'],
    ['a.geojson', 'application/geo+json', 'json'],
    ['a.html', 'text/html', 'html'],
    ['a.py', 'text/x-python', 'code'],
    ['notes', 'text/plain', 'code'],
    ['a.jsonl', 'application/x-ndjson', 'code'],
    ['a.mp3', 'audio/mpeg', 'audio'],
    ['a.mp4', 'video/mp4', 'video'],
    ['a.zip', 'application/zip', 'bytes']
  ])('%s of %s is shown as %s', (name, type, viewer) => {
    expect(viewerOf(name, type)).toBe(viewer);
  });

  it('goes by what a file is, not by what it is called', () => {
    expect(viewerOf('evil.png', 'text/html')).toBe('html');
  });

  it('knows languages by their ending', () => {
    expect(languageOf('x/y.PY')).toBe('python');
    expect(languageOf('README')).toBeNull();
  });
});

it.each([
  ['BIGINT', true],
  ['UINTEGER', true],
  ['DECIMAL(18,3)', true],
  ['DOUBLE[]', false],
  ['DECIMAL(18,3)[]', false],
  ['VARCHAR', false],
  ['DATE', false]
])('a column of %s holds numbers: %s', (type, yes) => {
  expect(isNumber(type)).toBe(yes);
});
