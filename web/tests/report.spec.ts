// A run as one page that needs nothing else.
import { expect, test } from './fixtures';
import { NOTES } from './raro';

test('a run is one page without scripts, styled by itself alone', async ({
  console: page,
  client,
  context
}) => {
  await client.upload('notes.txt', NOTES);
  const run = await client.run('Profile <script>alert(1)</script>', ['notes.txt']);
  await page.goto(new URL(`/#/runs/${run}`, page.url()).href);
  const [report] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('link', { name: 'Report' }).click()
  ]);
  await expect(report.getByText('Profile <script>alert(1)</script>').first()).toBeVisible();
  await expect(report.getByRole('heading', { name: 'Turns and tool calls' })).toBeVisible();
  await expect(report.getByRole('cell', { name: 'report.md', exact: true }).first()).toBeVisible();
  await report.emulateMedia({ colorScheme: 'dark' });
  await expect(report.locator('body')).toHaveCSS('background-color', 'rgb(10, 13, 17)');
  await report.emulateMedia({ media: 'print' });
  await expect(report.locator('body')).toHaveCSS('background-color', 'rgb(255, 255, 255)');
  await expect(report.getByRole('navigation')).toBeHidden();
});
