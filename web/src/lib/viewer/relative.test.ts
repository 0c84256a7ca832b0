import { describe, expect, it } from 'vitest';
import { relative, slug } from './relative';

describe('an address in a file', () => {
  it.each([
    ['report.md', 'chart.png', 'chart.png'],
    ['a/report.md', 'chart%201.png', 'a/chart 1.png'],
    ['a/b/report.md', '../c.png?x#y', 'a/c.png']
  ])('in %s, %s means %s', (from, address, path) => {
    expect(relative(from, address)).toBe(path);
  });

  it.each([
    'https://evil.example/x.png',
    '//evil.example/x',
    '/etc/passwd',
    '../../x',
    'javascript:alert(1)',
    'data:text/html,x',
    '',
    '#top',
    '%E0%A4%A',
    '\\\\evil\\x'
  ])('%s means no file of the run', (address) => {
    expect(relative('a/report.md', address)).toBeNull();
  });
});

it.each([
  ['The Method!', 'the-method'],
  ['Größe & Zahl', 'größe--zahl'],
  ['the-method', 'the-method']
])('the heading %s is called %s', (heading, name) => {
  expect(slug(heading)).toBe(name);
});
