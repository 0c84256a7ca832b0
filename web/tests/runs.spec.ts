import { expect, test } from './fixtures';
import { NOTES, PENGUINS } from './raro';

test.beforeEach(async ({ client }) => {
  await client.upload('notes.txt', NOTES);
});

test('the history is searched, and a run opens exactly as it was', async ({
  console: page,
  client
}) => {
  const first = await client.run('Count the words', ['notes.txt']);
  await client.run('Name the towns', ['notes.txt']);
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  const list = page.getByRole('list', { name: 'Runs, newest first' });
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await expect(list.getByRole('listitem').first()).toContainText('Name the towns');
  await page.getByLabel('Search runs').fill('the WORDS');
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await list.getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(first));
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Count the words' })).toBeVisible();
  const log = page.getByRole('log');
  await expect(log.getByRole('article', { name: 'Agent analyze_notes' })).toBeVisible();
  await log.getByText('execute_python').first().click();
  await expect(log.getByText('Result', { exact: true }).first()).toBeVisible();
  await log
    .getByRole('button', { name: /^Full output/ })
    .first()
    .click();
  await expect(log.getByLabel('Full output').getByRole('heading').first()).toBeVisible();
});

test('a click on an agent shows what it said alone', async ({ console: page, client }) => {
  const run = await client.run('Profile', ['notes.txt']);
  await page.goto(`${page.url().split('#')[0]}#/runs/${run}`);
  await page.getByRole('button', { name: /^writer_report, finished/ }).click();
  await expect(page.getByRole('log').getByRole('article')).toHaveCount(1);
  await page.getByRole('button', { name: 'Show all agents' }).click();
  await expect(page.getByRole('log').getByRole('article')).toHaveCount(2);
});

test('charts are shown inline and open in the viewer', async ({ console: page, client }) => {
  await client.upload('penguins.csv', PENGUINS);
  const run = await client.run('Compare body mass by species', ['penguins.csv']);
  await page.goto(`${page.url().split('#')[0]}#/runs/${run}`);
  const chart = page
    .getByRole('log')
    .getByRole('img', { name: /penguins_csv\/01_/ })
    .first();
  await expect(chart).toBeVisible();
  await expect
    .poll(() => chart.evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBeGreaterThan(100);
  await chart.click();
  await expect(page.getByRole('dialog', { name: /^Viewer: penguins_csv\/01_/ })).toBeVisible();
});

test('a run that failed says what was missing', async ({ console: page, client }) => {
  const run = await client.run('Profile', ['nowhere.csv']);
  await page.goto(`${page.url().split('#')[0]}#/runs/${run}`);
  await expect(page.getByText('Failed', { exact: true }).first()).toBeVisible();
  await expect(page.getByText(/nowhere.csv/).first()).toBeVisible();
});

test('a run is run again, with other files', async ({ console: page, client }) => {
  await client.upload('other.txt', 'other words to count');
  const run = await client.run('Profile', ['notes.txt'], {
    agents: [{ id: 'analyze_all', accepts_directive: true }]
  });
  await page.goto(`${page.url().split('#')[0]}#/runs/${run}`);
  await page.getByRole('button', { name: 'Run again' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run again' });
  await dialog.getByLabel('notes.txt').uncheck();
  await dialog.getByLabel('other.txt').check();
  await client.upload('later.txt', 'what comes meanwhile changes no choice');
  await expect(dialog.getByLabel('later.txt')).not.toBeChecked();
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page).not.toHaveURL(new RegExp(run));
  await expect(page.getByRole('complementary', { name: 'Facts of the run' })).toContainText(
    'other.txt'
  );
  await expect(page.getByRole('button', { name: /^analyze_all, finished/ })).toBeVisible({
    timeout: 40_000
  });
});

test('a run that is not there says so', async ({ console: page }) => {
  await page.goto(`${page.url().split('#')[0]}#/runs/run_0000000000000000`);
  await expect(page.getByText('There is no such run')).toBeVisible();
});
