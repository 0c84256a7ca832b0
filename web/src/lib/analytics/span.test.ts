import { describe, expect, it } from 'vitest';
import { askedOf, bounds, spanOf, type Span } from './span';

const NOW = Date.parse('2026-11-21T12:00:00Z');

describe('a span', () => {
  it.each<Span>([
    { name: '30d', first: '', last: '' },
    { name: 'all', first: '', last: '' },
    { name: 'own', first: '2026-11-01', last: '' }
  ])('%j comes back from the address', (span) => {
    const asked = Object.entries(askedOf(span)).filter(([, value]) => value) as [string, string][];
    expect(spanOf(Object.fromEntries(asked))).toEqual(span);
  });

  it('that nobody could mean is the usual one', () => {
    expect(spanOf({ span: 'toString' }).name).toBe('30d');
    expect(spanOf({ span: 'own', from: '2026-13-40', to: '1e9' })).toEqual({
      name: 'own',
      first: '',
      last: ''
    });
  });

  it('ends now, or begins now where a report looks ahead', () => {
    expect(bounds(spanOf({ span: '24h' }), NOW)).toEqual({ from: '2026-11-20T12:00:00.000Z' });
    expect(bounds(spanOf({ span: '7d' }), NOW, true)).toEqual({ to: '2026-11-28T12:00:00.000Z' });
    expect(bounds(spanOf({ span: 'all' }), NOW)).toEqual({});
  });

  it('of days has its last day in it', () => {
    const span = spanOf({ span: 'own', from: '2026-11-01', to: '2026-11-30' });
    expect(bounds(span, NOW)).toEqual({ from: '2026-11-01', to: '2026-12-01' });
  });
});
