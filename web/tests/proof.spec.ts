// The auditor's part of the console: verify the log, take a run away with its proof.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './fixtures';
import { NOTES } from './raro';

test('the log is verified, and a change of what was signed is told', async ({
  console: page,
  client,
  raro
}) => {
  await client.upload('notes.txt', 'words');
  // Proving an event seals everything before.
  const { events } = (await client.call('GET', '/audit/events')) as { events: { id: string }[] };
  await client.call('GET', `/audit/proof/${events[0]!.id}`);
  await page.keyboard.press(']');
  const system = page.getByRole('complementary', { name: 'System' });
  await system.getByRole('button', { name: 'Verify the log' }).click();
  await expect(system.getByText(/All \d+ events are what they were/)).toBeVisible();
  const audit = join(raro.storage, 'audit');
  const log = readdirSync(audit).find((name) => /^\d+$/.test(name))!;
  const folder = join(audit, log, 'checkpoints');
  const path = join(folder, readdirSync(folder).sort()[0]!);
  const note = readFileSync(path, 'utf8');
  try {
    writeFileSync(path, note.replace(/^(\d+)$/m, '1$1'));
    await system.getByRole('button', { name: 'Verify the log' }).click();
    await expect(system.getByText('Something was changed.')).toBeVisible();
    await expect(system.getByText(/signature is wrong/)).toBeVisible();
  } finally {
    writeFileSync(path, note);
  }
});

test('a run is downloaded with its proof, which the command line checks', async ({
  console: page,
  client
}) => {
  await client.upload('notes.txt', NOTES);
  const run = await client.run('Profile', ['notes.txt']);
  await page.goto(new URL(`/#/runs/${run}`, page.url()).href);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Proof' }).click()
  ]);
  expect(download.suggestedFilename()).toBe(`${run}.crate.zip`);
  const said = execFileSync(
    join(import.meta.dirname, '..', '..', '.venv/bin/raro'),
    ['audit', 'check', (await download.path())!, '--json'],
    { encoding: 'utf8' }
  );
  expect(JSON.parse(said)).toMatchObject({ ok: true, run_id: run });
});
