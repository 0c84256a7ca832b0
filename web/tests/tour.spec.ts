import { expect, test } from './fixtures';

test.use({ toured: false });

test('the first visit loads the sample and runs it', async ({ console: page }) => {
  await page.getByRole('button', { name: 'Load the sample and run it' }).click();
  await expect(page.getByRole('heading', { name: /Compare body mass by species/ })).toBeVisible();
  await expect(page.getByRole('button', { name: /^writer_report, finished/ })).toBeVisible({
    timeout: 60_000
  });
});

test('the tour has five stops and can be left at any time', async ({ console: page }) => {
  await page.getByRole('button', { name: 'Take the tour' }).click();
  for (const stop of ['Environment', 'Control Deck', 'Runs', 'Live', 'System']) {
    await expect(page.getByRole('dialog', { name: `Tour: ${stop}` })).toBeFocused();
    if (stop !== 'System') await page.getByRole('button', { name: 'Next', exact: true }).click();
  }
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByText('Load the sample and run it')).toBeHidden();
  await page.keyboard.press(']');
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});
