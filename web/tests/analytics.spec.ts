import { downloaded, expect, test, visit } from './log';

test('every report opens as a chart and a table, or as a table', async ({ seasoned: page }) => {
  await visit(page, '#/analytics?span=all');
  const reports = page.getByRole('navigation', { name: 'Reports' }).getByRole('link');
  // The page and its list are fetched.
  await expect(reports.first()).toBeVisible();
  const titles = await reports.allTextContents();
  expect(titles.length).toBeGreaterThanOrEqual(10);
  for (const title of titles) {
    await reports.filter({ hasText: new RegExp(`^${title.trim()}$`) }).click();
    const report = page.getByRole('article', { name: title.trim(), exact: true });
    await expect(report.getByRole('table').getByRole('row').nth(1)).toBeVisible();
    const chart = report.getByRole('figure').getByRole('img');
    if (title.trim() !== 'Expiring soon') {
      await expect(chart).toBeVisible();
      expect(await chart.getAttribute('aria-label')).toMatch(/^(Bars|Lines|Areas) of .+ by /);
      await expect(chart.getByText('⚠')).toHaveCount(0);
    } else await expect(chart).toHaveCount(0);
  }
});

test('the time stands in the address, and none has its own words', async ({ seasoned: page }) => {
  await visit(page, '#/analytics?report=most_used_agents');
  const report = page.getByRole('article', { name: 'Most used agents' });
  await expect(report.getByRole('cell', { name: 'analyze_notes' })).toBeVisible();
  await report.getByRole('button', { name: 'Own' }).click();
  await report.getByLabel('From').fill('2020-01-01');
  await report.getByLabel('Until').fill('2020-12-31');
  await expect(report.getByText('Nothing in this time')).toBeVisible();
  await expect(page).toHaveURL(/report=most_used_agents.*from=2020-01-01&to=2020-12-31/);
  await page.reload();
  await expect(report.getByText('Nothing in this time')).toBeVisible();
  await report.getByRole('button', { name: 'All the time' }).click();
  await expect(report.getByRole('cell', { name: 'analyze_notes' })).toBeVisible();
  await page.goBack();
  await expect(report.getByText('Nothing in this time')).toBeVisible();
});

test('a report is refreshed, sorted, taken away and taken up in SQL', async ({
  seasoned: page,
  past
}) => {
  await visit(page, '#/analytics?report=most_used_agents&span=7d');
  const report = page.getByRole('article', { name: 'Most used agents' });
  const row = report.getByRole('row', { name: /^analyze_notes/ });
  const runs = Number(await row.getByRole('cell').nth(1).textContent());
  expect(runs).toBeGreaterThan(0);
  await past.client.run('Once more', ['notes.txt']);
  await report.getByRole('button', { name: 'Load the report again' }).click();
  await expect(row.getByRole('cell').nth(1)).toHaveText(String(runs + 1));

  const head = report.getByRole('columnheader', { name: /^agent_id/ });
  await head.getByRole('button').click();
  await expect(head).toHaveAttribute('aria-sort', 'ascending');
  await head.getByRole('button').press('Enter');
  await expect(head).toHaveAttribute('aria-sort', 'descending');
  await expect(report.getByRole('row').nth(1)).toContainText('writer_report');

  const csv = await downloaded(page, () => report.getByRole('link', { name: 'CSV' }).click());
  expect(csv.name).toBe('most_used_agents.csv');
  expect(csv.bytes.toString()).toContain(`\nanalyze_notes,${runs + 1},`);
  const parquet = await downloaded(page, () =>
    report.getByRole('link', { name: 'Parquet' }).click()
  );
  expect(parquet.bytes.subarray(0, 4).toString()).toBe('PAR1');

  await report.getByRole('link', { name: 'SQL' }).click();
  await expect(
    page.getByRole('region', { name: 'Result', exact: true }).getByRole('status')
  ).toContainText('2 rows');
});

test('a theme changes the chart that is there', async ({ seasoned: page }) => {
  await visit(page, '#/analytics?report=file_types');
  const bar = page.getByRole('figure').locator('svg [data-mark="bar"] rect').first();
  const colour = () => bar.evaluate((rect) => getComputedStyle(rect).fill);
  const light = await colour();
  await page.evaluate(() => (document.documentElement.dataset.theme = 'phosphor'));
  // The next frame has it.
  await expect.poll(colour).not.toBe(light);
});

test('a report that is not there says so, and so does a server that is away', async ({
  console: page
}) => {
  await visit(page, '#/analytics?report=nothing');
  await expect(page.getByText('There is no such report')).toBeVisible();
  await page.getByRole('link', { name: 'All reports' }).click();
  await expect(page.getByText('Nothing in this time')).toBeVisible();
  await page.context().setOffline(true);
  // What is asked before the browser knows of it is answered.
  await page.waitForFunction(() => !navigator.onLine);
  await page.getByRole('button', { name: 'Load the report again' }).click();
  await expect(page.getByRole('alert')).toContainText('RARO does not answer');
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});
