// How rails and their lists behave under a pointer that wanders and under the arrow keys.
import { expect, test } from './fixtures';

test('a dialog of a rail stays while the pointer is elsewhere, and gives the focus back', async ({
  console: page,
  client,
  rail
}) => {
  await client.upload('notes.txt', '1');
  await rail.hover();
  await rail.getByRole('button', { name: 'Actions for notes.txt' }).click();
  await page.mouse.move(900, 700);
  await page.getByRole('menuitem', { name: 'Versions' }).click();
  const dialog = page.getByRole('dialog', { name: 'Versions of notes.txt' });
  await page.mouse.move(1200, 850);
  await page.waitForTimeout(600);
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(rail.getByRole('button', { name: 'Actions for notes.txt' })).toBeFocused();
  await page.mouse.click(1000, 880);
  await expect(rail.getByRole('button', { name: /^notes.txt/ })).toBeHidden();
});

test('a page that opens under a pointer at rest leaves its rail closed until that moves', async ({
  console: page,
  rail
}) => {
  const pin = rail.getByRole('button', { name: 'Pin Environment open' });
  await page.mouse.move(8, 400);
  await expect(pin).toBeVisible();
  await page.reload();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  // What a browser says of the pointer by itself.
  await page.mouse.move(8, 400);
  await page.waitForTimeout(400);
  await expect(pin).toBeHidden();
  await page.mouse.move(10, 410);
  await expect(pin).toBeVisible();
});

test('a clicked file does not hold the rail open', async ({ console: page, client, rail }) => {
  await client.upload('notes.txt', '1');
  await rail.hover();
  const row = rail.getByRole('button', { name: /^notes.txt/ });
  await row.click();
  await expect(row).toHaveAttribute('aria-pressed', 'true');
  await page.mouse.move(900, 500);
  await expect(row).toBeHidden();
});

test('arrows walk a list, which is one stop of the tab order', async ({
  console: page,
  client,
  rail
}) => {
  for (const name of ['a.txt', 'b.txt', 'c.txt']) await client.upload(name, '1');
  await page.keyboard.press('[');
  await expect(rail.getByRole('button', { name: /^c.txt/ })).toBeVisible();
  await rail.getByRole('button', { name: /^a.txt/ }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(rail.getByRole('button', { name: /^b.txt/ })).toBeFocused();
  await page.keyboard.press('End');
  await expect(rail.getByRole('button', { name: /^c.txt/ })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(rail.getByRole('button', { name: 'Actions for c.txt' })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(rail.getByRole('button', { name: 'Generated artifacts' })).toBeFocused();
});

test('a row that is deleted leaves the focus to its neighbour', async ({
  console: page,
  client,
  rail
}) => {
  for (const name of ['a.txt', 'b.txt']) await client.upload(name, '1');
  await page.keyboard.press('[');
  await rail.getByRole('button', { name: 'Actions for a.txt' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(rail.getByRole('button', { name: /^a.txt/ })).toBeHidden();
  await expect(rail.getByRole('button', { name: /^b.txt/ })).toBeFocused();
});

test('one rail is open at a time, and Escape closes it', async ({ console: page, rail }) => {
  const system = page.getByRole('complementary', { name: 'System' });
  await page.keyboard.press('[');
  await expect(rail.getByRole('heading', { name: /^Library files/ })).toBeVisible();
  await page.keyboard.press(']');
  await expect(system.getByText('Retention of new runs')).toBeVisible();
  await expect(rail.getByRole('heading', { name: /^Library files/ })).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(system.getByText('Retention of new runs')).toBeHidden();
  await expect(system.getByRole('button', { name: /^SYS/ })).toBeFocused();
});
