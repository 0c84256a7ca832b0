import { choose, expect, openRail, test } from './fixtures';
import { NOTES, PENGUINS } from './raro';

test.beforeEach(async ({ client }) => {
  await client.upload('notes.txt', NOTES);
});

test('artifacts stand under their run, with everything that is known of them', async ({
  client,
  console: page,
  rail
}) => {
  const run = await client.run('Count the words', ['notes.txt']);
  await openRail(page);
  const list = rail.getByRole('list', { name: 'Artifacts by run' });
  await expect(
    list.getByRole('button', { name: new RegExp(run.slice(4, 12)) }).first()
  ).toContainText('Count the words');
  const file = rail.getByRole('button', { name: /^View notes_txt\/summary.json/ });
  await file.focus();
  await expect(page.locator('.tip')).toContainText('analyze_notes');
  await expect(page.locator('.tip')).toContainText(run);
});

test('artifacts are filtered by run, agent, type and words', async ({
  client,
  console: page,
  rail
}) => {
  await client.upload('penguins.csv', PENGUINS);
  await client.run('First run', ['penguins.csv']);
  const second = await client.run('Second run', ['notes.txt']);
  await openRail(page);
  const views = rail.getByRole('button', { name: /^View / });
  await expect(rail.getByText('First run')).toBeVisible();
  await rail.getByRole('button', { name: 'Current run' }).click();
  await expect(rail.getByText('First run')).toBeHidden();
  await expect(
    rail.getByRole('button', { name: new RegExp(second.slice(4, 12)) }).first()
  ).toBeVisible();
  await rail.getByRole('button', { name: 'All runs' }).click();
  await rail.getByLabel('Agent', { exact: true }).selectOption('analyze_penguins');
  await expect(rail.getByText('Second run')).toBeHidden();
  await rail.getByLabel('Type', { exact: true }).selectOption('csv');
  await expect(views).toHaveCount(1);
  await rail.getByLabel('Search artifacts').fill('no such thing');
  await rail.getByRole('button', { name: 'Show all' }).click();
  await expect(rail.getByText('Second run')).toBeVisible();
});

test('an artifact is pinned, deleted and brought back', async ({ client, console: page, rail }) => {
  await client.run('Profile', ['notes.txt']);
  await openRail(page);
  await rail.getByLabel('Search artifacts').fill('summary.json');
  await choose(page, 'Actions for notes_txt/summary.json', 'Pin');
  await expect(page.getByText('summary.json is pinned')).toBeVisible();
  await choose(page, 'Actions for notes_txt/summary.json', 'Delete');
  await expect(rail.getByText('No artifact fits')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await expect(rail.getByRole('button', { name: /^View notes_txt\/summary.json/ })).toBeVisible();
});

test('saving to the library asks on a collision and shows the version it becomes', async ({
  client,
  console: page,
  rail
}) => {
  await client.run('Profile', ['notes.txt']);
  await client.upload('summary.json', 'another file');
  await openRail(page);
  await rail.getByLabel('Search artifacts').fill('summary.json');
  await choose(page, 'Actions for notes_txt/summary.json', 'Save to library');
  const dialog = page.getByRole('dialog', { name: 'Save to library' });
  await expect(dialog).toContainText('This becomes its version 2');
  await dialog.getByLabel('Name in the library').fill('fresh.json');
  await expect(dialog).toContainText('This becomes version 1');
  await dialog.getByLabel('Name in the library').fill('summary.json');
  await dialog.getByRole('button', { name: 'Save as version 2' }).click();
  await expect(rail.getByRole('button', { name: /^summary.json, not linked/ })).toContainText('v2');
});

test('a run’s artifacts come as a zip, and go and come back together', async ({
  client,
  console: page,
  rail
}) => {
  const run = await client.run('Profile', ['notes.txt']);
  await openRail(page);
  const menu = `Actions for run ${run.slice(4, 12)}`;
  const download = page.waitForEvent('download');
  await choose(page, menu, 'Download as zip');
  expect((await download).suggestedFilename()).toBe(`${run}.zip`);
  await choose(page, menu, 'Delete its artifacts');
  await expect(rail.getByText('Nothing made yet')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rail.getByRole('button', { name: /^View notes_txt\/report.md/ })).toBeVisible();
});

test('clearing old runs shows what goes before it goes, and keeps what is pinned', async ({
  client,
  console: page,
  rail
}) => {
  const run = await client.run('Profile', ['notes.txt']);
  await client.call('POST', `/runtime/artifacts/${run}/files/report.md/pin`);
  await openRail(page);
  await rail.getByRole('button', { name: 'Clear old…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Clear old runs' });
  await expect(dialog).toContainText('Nothing is that old.');
  await dialog.getByLabel('Ended more than').selectOption({ index: 0 });
  await expect(dialog).toContainText(run.slice(4, 12));
  await dialog.getByRole('button', { name: /^Clear \d+ artifacts/ }).click();
  await expect(rail.getByRole('button', { name: /^View / })).toHaveCount(1);
  await expect(rail.getByRole('button', { name: /^View report.md/ })).toBeVisible();
});
