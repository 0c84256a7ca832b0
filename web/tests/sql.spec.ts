import type { Page } from '@playwright/test';
import { downloaded, expect, test, visit } from './log';

const ENDLESS = 'SELECT max(a.range * b.range % 7) FROM range(10000000) AS a, range(10000000) AS b';

const editor = (page: Page) => page.getByRole('textbox', { name: 'SQL' });
const result = (page: Page) => page.getByRole('region', { name: 'Result', exact: true });
const status = (page: Page) => result(page).getByRole('status');

async function write(page: Page, sql: string): Promise<void> {
  await editor(page).click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(sql);
}

async function ask(page: Page, sql: string): Promise<void> {
  await write(page, sql);
  await page.keyboard.press('ControlOrMeta+Enter');
}

test('a query is run by keyboard, linked to, kept and run again', async ({
  seasoned: page,
  past: { run }
}) => {
  await visit(page, '#/sql');
  await ask(page, `SELECT run_id, status FROM runs WHERE run_id = '${run}'`);
  await expect(status(page)).toContainText('1 row ·');
  await expect(status(page)).toContainText(/event \d+/);
  await expect(result(page).getByRole('cell', { name: run })).toBeVisible();
  await expect(result(page).getByRole('columnheader', { name: /status varchar/ })).toBeVisible();

  await ask(page, 'SELECT 40 + 2 AS answer');
  await expect(result(page).getByRole('cell', { name: '42' })).toBeVisible();
  await expect(page).toHaveURL(/answer/);
  await page.reload();
  await expect(result(page).getByRole('cell', { name: '42' })).toBeVisible();
  await page.goBack();
  await expect(result(page).getByRole('cell', { name: run })).toBeVisible();
  await expect(editor(page)).toContainText('FROM runs');

  await page.getByRole('button', { name: 'History' }).click();
  const past = page.getByRole('list', { name: 'Queries that were run' }).getByRole('button');
  await expect(past).toHaveCount(2);
  await past.filter({ hasText: '40 + 2' }).click();
  await expect(result(page).getByRole('cell', { name: '42' })).toBeVisible();
  await page.getByRole('button', { name: 'Forget all' }).click();
  await expect(past).toHaveCount(0);
});

test('the history is each client’s own', async ({ console: page }) => {
  await visit(page, '#/sql');
  await ask(page, 'SELECT 1 AS mine');
  await expect(status(page)).toContainText('1 row');
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem('raro.settings')!);
    localStorage.setItem('raro.settings', JSON.stringify({ ...kept, clientId: 'somebody_else' }));
  });
  await visit(page, '#/sql');
  await page.reload();
  await page.getByRole('button', { name: 'History' }).click();
  await expect(page.getByText('Queries that you run are kept here')).toBeVisible();
});

test('tables are found, and names go into the query', async ({ console: page }) => {
  await visit(page, '#/sql');
  await write(page, 'SELECT ');
  const tables = page.getByRole('list', { name: 'Tables' });
  await page.getByLabel('Find a table or column').fill('directive');
  await tables.getByRole('button', { name: /^directive/ }).click();
  await expect(editor(page)).toHaveText('SELECT directive');
  await page.keyboard.insertText(' FROM ');
  await page.getByLabel('Find a table or column').fill('');
  await expect(tables.getByRole('button', { name: 'snapshot', exact: true })).toBeVisible();
  await tables.getByRole('button', { name: 'runs', exact: true }).click();
  await expect(editor(page)).toHaveText('SELECT directive FROM runs');
  await tables.getByRole('button', { name: 'Columns of snapshot' }).click();
  await expect(tables.getByRole('button', { name: /^taken_at/ })).toBeVisible();
});

test('tables, columns and keywords are completed', async ({ console: page }) => {
  await visit(page, '#/sql');
  await expect(
    page.getByRole('list', { name: 'Tables' }).getByRole('listitem').first()
  ).toBeVisible();
  await write(page, 'SELECT 1 FROM invo');
  await page.keyboard.type('c');
  const offered = page.getByRole('listbox');
  await expect(offered.getByRole('option', { name: /invocations/ })).toBeVisible();
  // The editor takes no key for a choice that came up in the same moment.
  await page.waitForTimeout(200);
  await page.keyboard.press('Enter');
  await expect(editor(page)).toHaveText('SELECT 1 FROM invocations');
  await page.keyboard.type(' WHERE latency');
  await expect(offered.getByRole('option', { name: /latency_ms/ })).toBeVisible();
  await page.waitForTimeout(200);
  await page.keyboard.press('Tab');
  await page.keyboard.type(' > 1 ORD');
  await expect(offered.getByRole('option', { name: 'ORDER' })).toBeVisible();
  await page.keyboard.press('Escape');
  // Tab leaves the editor, as any field.
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeFocused();
});

test('what DuckDB does not understand is told in its words, and what is forbidden too', async ({
  console: page
}) => {
  await visit(page, '#/sql');
  await ask(page, 'SELECT nothing FROM runs');
  await expect(result(page).getByRole('alert')).toContainText('Referenced column "nothing"');
  await ask(page, 'DELETE FROM runs');
  await expect(result(page).getByRole('alert')).toContainText('sql refused');
  await ask(page, 'SELECT 1 AS one WHERE false');
  await expect(result(page).getByText('No rows')).toBeVisible();
});

test('a long query is cancelled, and the next one need not wait for it', async ({
  console: page
}) => {
  await visit(page, '#/sql');
  await ask(page, 'SELECT 1 AS first');
  await expect(status(page)).toContainText('1 row');
  await ask(page, ENDLESS);
  await expect(result(page)).toHaveAttribute('aria-busy', 'true');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(result(page)).toHaveAttribute('aria-busy', 'false');
  await ask(page, 'SELECT 2 AS second');
  await expect(result(page).getByRole('cell', { name: '2', exact: true })).toBeVisible();
});

test('fifty thousand rows are scrolled, sorted and told to be cut off', async ({
  console: page
}) => {
  await visit(page, '#/sql');
  await ask(page, "SELECT range AS n, 'row ' || range AS words FROM range(60000)");
  await expect(status(page)).toContainText('50,000 rows');
  await expect(status(page)).toContainText('cut off');
  const rows = result(page).getByRole('region', { name: 'Rows of the result' });
  expect(await rows.getByRole('row').count()).toBeLessThan(100);
  await rows.focus();
  await page.keyboard.press('End');
  await expect(rows.getByRole('cell', { name: 'row 49999' })).toBeVisible();
  await rows.getByRole('columnheader', { name: /^n/ }).getByRole('button').click();
  await page.keyboard.press('Tab');
  await rows.focus();
  await page.keyboard.press('Home');
  await expect(rows.getByRole('row').nth(1)).toContainText('49999');
});

test('a result becomes a chart of the columns that are chosen', async ({ console: page }) => {
  await visit(page, '#/sql');
  await ask(
    page,
    "SELECT DATE '2026-11-01' + range::INT AS day, range AS a, 10 - range AS b, CASE WHEN range % 2 = 0 THEN 'even' ELSE 'odd' END AS kind FROM range(10)"
  );
  await result(page).getByRole('button', { name: 'Chart' }).click();
  const chart = result(page).getByRole('figure').getByRole('img');
  await expect(chart).toHaveAttribute('aria-label', /^Lines of a by day; 10 values; highest 9/);
  await result(page).getByRole('combobox', { name: 'Y', exact: true }).selectOption('b');
  await expect(chart).toHaveAttribute('aria-label', /^Lines of b by day; 10 values; highest 10/);
  await result(page).getByRole('combobox', { name: 'Chart' }).selectOption('bar');
  await result(page).getByLabel('Split by').selectOption('kind');
  await result(page).getByLabel('Stacked').check();
  await expect(result(page).getByRole('list', { name: 'Series' })).toContainText('even');
  await ask(page, "SELECT 'only' AS word");
  await expect(result(page).getByText('Nothing to draw')).toBeVisible();
});

test('files have the same rows, and long values are shown whole', async ({ console: page }) => {
  await visit(page, '#/sql');
  await ask(page, "SELECT repeat('x', 300) AS long, {'a': [1, NULL]} AS nested, NULL AS missing");
  await result(page)
    .getByRole('button', { name: /^x{20}/ })
    .click();
  await expect(page.getByRole('dialog', { name: 'long' })).toContainText('x'.repeat(300));
  await page.keyboard.press('Escape');
  await expect(result(page).getByRole('cell', { name: '∅' })).toBeVisible();
  const csv = await downloaded(page, () =>
    result(page).getByRole('button', { name: 'CSV' }).click()
  );
  expect(csv.name).toBe('query.csv');
  expect(csv.bytes.toString()).toContain(`${'x'.repeat(300)},"{""a"":[1,null]}",`);
  const parquet = await downloaded(page, () =>
    result(page).getByRole('button', { name: 'Parquet' }).click()
  );
  expect(parquet.bytes.subarray(-4).toString()).toBe('PAR1');
});
