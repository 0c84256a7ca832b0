import { describe, expect, it } from 'vitest';
import { at, Refused, refusal, taken } from './client';

describe('calls', () => {
  it('turn a connection that broke into words', async () => {
    const broken = taken(Promise.reject(new TypeError('Failed to fetch')));
    await expect(broken).rejects.toMatchObject({ code: 'offline', offline: true });
  });

  it('pass a refusal on as it is', async () => {
    const refused = new Refused(404, 'run_not_found', 'there is no run');
    await expect(taken(Promise.reject(refused))).rejects.toBe(refused);
  });

  it('read the problem in an answer, and do without one', () => {
    expect(refusal(409, { code: 'name_taken', detail: 'Taken.' })).toMatchObject({
      code: 'name_taken',
      message: 'Taken.'
    });
    expect(refusal(502, null).message).toBe('RARO answered 502.');
  });

  it('write addresses that any name fits into', () => {
    expect(at.library('a b?#/ä.csv', 2)).toBe(
      '/runtime/library/files/a%20b%3F%23%2F%C3%A4.csv?version=2'
    );
    expect(at.download(at.artifact('run_1', 'd/é.png'))).toBe(
      '/runtime/artifacts/run_1/files/d/%C3%A9.png?download=1'
    );
  });
});
