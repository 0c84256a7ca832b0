import type { Page } from '@playwright/test';
import { downloaded, expect, test, visit } from './log';

const list = (page: Page) => page.getByRole('list', { name: 'Events, newest first' });
const row = (page: Page, words: string | RegExp) =>
  list(page).getByRole('button').filter({ hasText: words });
const filters = (page: Page) => page.getByRole('search', { name: 'Filter events' });

test('what happens comes in front by itself, unless one stays', async ({
  console: page,
  client
}) => {
  await visit(page, '#/events');
  await expect(page.getByText('Nothing has happened yet')).toBeVisible();
  await client.upload('first.txt', 'one');
  await expect(row(page, 'filename=first.txt')).toBeVisible();
  await page.getByRole('button', { name: 'Following' }).click();
  await client.upload('second.txt', 'two');
  await page.getByRole('button', { name: 'Follow' }).click();
  await expect(list(page).getByRole('button').first()).toContainText('filename=second.txt');
  await expect(row(page, 'file_uploaded')).toHaveCount(2);
});

test('filters go together, stand in the address and are kept by name', async ({
  seasoned: page,
  past: { run }
}) => {
  await visit(page, `#/events?run=${run}`);
  await filters(page).getByLabel('Agent').fill('analyze_notes');
  await filters(page).getByLabel('Type').fill('file_generated');
  await expect(row(page, 'run.agent_started')).toHaveCount(0);
  await filters(page).getByLabel('Text').fill('REPORT.md');
  await expect(list(page).getByRole('button')).toHaveCount(1);
  await expect(page).toHaveURL(
    /run=run_.*agent=analyze_notes.*type=file_generated.*text=REPORT.md/
  );
  await page.reload();
  await expect(list(page).getByRole('button')).toHaveCount(1);
  await page.getByRole('button', { name: 'Save this view' }).click();
  await page.getByLabel('Name').fill('Reports written');
  await page.keyboard.press('Enter');
  await filters(page).getByRole('button', { name: 'Show all' }).click();
  await expect(row(page, 'run.completed')).toBeVisible();
  await page.reload();
  await page.getByRole('link', { name: 'Reports written' }).click();
  await expect(list(page).getByRole('button')).toHaveCount(1);
  await page.getByRole('button', { name: 'Forget Reports written' }).click();
  await expect(page.getByRole('link', { name: 'Reports written' })).toHaveCount(0);
  await visit(page, `#/events?run=${run}&type=started`);
  await expect(list(page).getByRole('button')).toHaveCount(1);
});

test('a time that nothing fell into is empty, and says what to do', async ({
  console: page,
  client
}) => {
  await client.upload('a.txt', 'a');
  await visit(page, '#/events');
  await expect(row(page, 'filename=a.txt')).toBeVisible();
  await filters(page).getByLabel('Until').fill('2020-01-01T10:00');
  await expect(page.getByText('No event fits')).toBeVisible();
  await filters(page).getByLabel('Until').fill('');
  await filters(page).getByLabel('From').fill('2020-01-01T10:00');
  await expect(row(page, 'filename=a.txt')).toBeVisible();
});

test('an event shows its payload, what led to it and what it led to', async ({
  seasoned: page,
  past: { run }
}) => {
  await visit(page, `#/events?run=${run}&agent=analyze_notes&type=file_generated&text=report.md`);
  await row(page, 'report.md').first().click();
  const event = page.getByRole('complementary', { name: /^Event \d+/ });
  await expect(event.getByText('size_bytes')).toBeVisible();
  const causes = event.getByRole('list', { name: 'What led to it, the first cause first' });
  await expect(causes.getByRole('link')).toHaveText([
    /run\.started/,
    /run\.agent_scheduled/,
    /run\.agent_started/
  ]);
  await expect(event.getByRole('list', { name: 'What it led to' })).toContainText(
    'run.artifact_promoted'
  );
  await causes.getByRole('link', { name: /run\.started/ }).click();
  await expect(event.getByText('nothing in the log came before it')).toBeVisible();
  const effects = event.getByRole('list', { name: 'What it led to' });
  await effects
    .getByRole('button', { name: /^What event \d+ led to/ })
    .first()
    .press('Enter');
  await expect(effects.getByText('run.agent_started').first()).toBeVisible();
  await page.goBack();
  await expect(causes.getByRole('link')).toHaveCount(3);
  await page.reload();
  await expect(causes.getByRole('link')).toHaveCount(3);
  await page.keyboard.press('Escape');
  await expect(event).toHaveCount(0);
});

test('an event that is not there says so', async ({ console: page }) => {
  await visit(page, '#/events?event=nothing');
  await expect(page.getByText(/there is no event 'nothing'/)).toBeVisible();
});

test('the log is taken away as files, filtered as it is seen', async ({
  seasoned: page,
  past: { run }
}) => {
  await visit(page, `#/events?run=${run}&type=agent_started`);
  await expect(row(page, 'run.agent_started')).toHaveCount(2);
  const file = (name: string) =>
    downloaded(page, async () => {
      await page.getByRole('button', { name: 'Export these events' }).click();
      await page.getByRole('menuitem', { name }).click();
    });
  const lines = await file('Export as JSON Lines');
  expect(lines.name).toBe('events.jsonl');
  const events = lines.bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(events.map(({ type }) => type)).toEqual(Array(2).fill('raro.run.agent_started.v1'));
  const batch = await file('Export as CloudEvents JSON');
  expect((JSON.parse(batch.bytes.toString()) as { specversion: string }[])[0]!.specversion).toBe(
    '1.0'
  );
  expect((await file('Export as Parquet')).bytes.subarray(0, 4).toString()).toBe('PAR1');
});

test('older events come while one scrolls, by keyboard alone', async ({
  console: page,
  client
}) => {
  for (let n = 0; n < 230; n += 1)
    await client.call('PUT', `/runtime/library/files/f${n}.txt`, `${n}`);
  await visit(page, '#/events');
  await expect(row(page, 'filename=f229.txt')).toBeVisible();
  await list(page).getByRole('button').first().focus();
  await page.keyboard.press('End');
  await expect(list(page).getByRole('listitem').first()).toHaveAttribute('aria-setsize', '230');
  await page.keyboard.press('End');
  await expect(row(page, 'filename=f0.txt')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('complementary', { name: /^Event \d+/ })).toContainText('f0.txt');
});

test('the pages are opened by keys', async ({ console: page }) => {
  for (const [key, words] of [
    ['e', 'Events'],
    ['a', 'Analytics'],
    ['s', 'SQL']
  ] as const) {
    await page.keyboard.press(key);
    await expect(page.getByRole('region', { name: words, exact: true })).toBeVisible();
    await expect(page.getByRole('link', { name: words, exact: true })).toHaveAttribute(
      'aria-current',
      'page'
    );
  }
});
