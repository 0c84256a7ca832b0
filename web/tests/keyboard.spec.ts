// The main job with the keyboard alone.
import { expect, test } from './fixtures';
import { PENGUINS } from './raro';

test('a file is linked, a run started, watched and its report read, without a mouse', async ({
  console: page,
  client
}) => {
  await client.upload('penguins.csv', PENGUINS);
  const press = (key: string) => page.keyboard.press(key);
  const tabTo = async (name: string | RegExp) => {
    for (let n = 0; n < 60; n++) {
      const focused = page.locator(':focus');
      if ((await focused.count()) && name instanceof RegExp && name.test(await accessible(focused)))
        return;
      await press('Tab');
    }
    throw new Error(`Tab never reached ${name}`);
  };
  const accessible = (locator: ReturnType<typeof page.locator>) =>
    locator.evaluate((node) => node.getAttribute('aria-label') ?? node.textContent?.trim() ?? '');
  await press('[');
  await tabTo(/^penguins.csv, not linked/);
  await press('Space');
  await expect(page.getByRole('button', { name: /^penguins.csv, linked/ })).toBeVisible();
  await press('Escape');
  await press('n');
  await expect(page.getByRole('textbox', { name: 'Directive', exact: true })).toBeFocused();
  await page.keyboard.type('Compare body mass by species');
  await press('Control+Enter');
  await expect(page.getByRole('button', { name: /^writer_report, finished/ })).toBeVisible({
    timeout: 40_000
  });
  await tabTo(/^writer_report, finished/);
  await press('Enter');
  await expect(page.getByRole('log').getByRole('article')).toHaveCount(1);
  await tabTo(/^report.md/);
  await press('Enter');
  await expect(page.getByRole('dialog', { name: 'Viewer: report.md' })).toBeFocused();
  await expect(page.getByRole('dialog', { name: 'Viewer: report.md' })).toContainText('Adelie');
  await press('Escape');
  await press('h');
  await expect(page.getByRole('list', { name: 'Runs, newest first' })).toBeVisible();
});

test('rails open on hover, focus, click and their key, and stay when pinned', async ({
  console: page
}) => {
  const rail = page.getByRole('complementary', { name: 'Environment' });
  const panel = rail.getByRole('heading', { name: /Library files/ });
  await rail.hover();
  await expect(panel).toBeVisible();
  await page.mouse.move(700, 400);
  await expect(panel).toBeHidden();
  await rail.getByRole('button').first().click();
  await expect(panel).toBeVisible();
  await page.keyboard.press('Escape');
  await page.mouse.move(700, 400);
  await expect(panel).toBeHidden();
  await page.keyboard.press('[');
  await page.getByRole('button', { name: 'Pin Environment open' }).click();
  await page.mouse.move(700, 400);
  await page.getByRole('textbox', { name: 'Directive', exact: true }).click();
  await page.reload();
  await expect(panel).toBeVisible();
});
