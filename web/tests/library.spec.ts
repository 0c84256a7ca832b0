import { choose, expect, openRail, test } from './fixtures';
import { example, NOTES } from './raro';

test('a file is uploaded by the button, and linked and unlinked by click and by Space', async ({
  console: page,
  rail
}) => {
  await openRail(page);
  await expect(rail.getByText('No files yet')).toBeVisible();
  await rail.getByLabel('Files to upload').setInputFiles([
    { name: 'penguins.csv', mimeType: 'text/csv', buffer: example('penguins.csv') },
    { name: 'Käse 🧀 & mehr.txt', mimeType: 'text/plain', buffer: Buffer.from('Käse') }
  ]);
  const row = rail.getByRole('button', { name: 'penguins.csv, not linked' });
  await expect(row).toContainText('14.9 KB');
  await expect(rail.getByRole('button', { name: 'Käse 🧀 & mehr.txt, not linked' })).toBeVisible();
  await row.click();
  await expect(rail.getByRole('button', { name: 'penguins.csv, linked' })).toHaveAttribute(
    'aria-pressed',
    'true'
  );
  await expect(page.getByLabel('Linked files')).toContainText('penguins.csv');
  await page.keyboard.press('Space');
  await expect(row).toHaveAttribute('aria-pressed', 'false');
});

test('files are uploaded by dropping and by pasting', async ({ console: page, rail }) => {
  await openRail(page);
  await page.evaluate(() => {
    const transfer = (name: string) => {
      const data = new DataTransfer();
      data.items.add(new File(['1'], name));
      return data;
    };
    window.dispatchEvent(
      new DragEvent('drop', {
        dataTransfer: transfer('dropped.txt'),
        bubbles: true,
        cancelable: true
      })
    );
    window.dispatchEvent(
      new ClipboardEvent('paste', {
        clipboardData: transfer('pasted.txt'),
        bubbles: true,
        cancelable: true
      })
    );
  });
  await expect(rail.getByRole('button', { name: 'dropped.txt, not linked' })).toBeVisible();
  await expect(rail.getByRole('button', { name: 'pasted.txt, not linked' })).toBeVisible();
});

test('an upload that breaks off says so, and goes through when it is tried again', async ({
  console: page,
  rail,
  context
}) => {
  await openRail(page);
  await context.setOffline(true);
  await rail
    .getByLabel('Files to upload')
    .setInputFiles({ name: 'later.txt', mimeType: 'text/plain', buffer: Buffer.from('1') });
  await expect(rail.getByText('The connection broke.')).toBeVisible();
  await context.setOffline(false);
  await rail.getByRole('button', { name: 'Try later.txt again' }).click();
  await expect(rail.getByRole('button', { name: 'later.txt, not linked' })).toBeVisible();
});

test('a refused file names its reason and hinders no other', async ({ console: page, rail }) => {
  await openRail(page);
  await rail.getByLabel('Files to upload').setInputFiles([
    { name: 'bad\u0007name.txt', mimeType: 'text/plain', buffer: Buffer.from('1') },
    { name: 'good.txt', mimeType: 'text/plain', buffer: Buffer.from('1') }
  ]);
  await expect(
    rail.getByRole('list', { name: 'Uploads' }).getByText(/control character/i)
  ).toBeVisible();
  await expect(rail.getByRole('button', { name: 'good.txt, not linked' })).toBeVisible();
});

test('an older version is made the newest again', async ({ console: page, rail, client }) => {
  await client.upload('notes.txt', 'first');
  await client.upload('notes.txt', 'second!');
  await openRail(page);
  await choose(page, 'Actions for notes.txt', 'Versions');
  const dialog = page.getByRole('dialog', { name: 'Versions of notes.txt' });
  await dialog.getByRole('button', { name: 'Make newest' }).click();
  await expect(dialog).toBeHidden();
  await expect(rail.getByRole('button', { name: 'notes.txt, not linked' })).toContainText('v3');
  await choose(page, 'Actions for notes.txt', 'View');
  await expect(page.getByRole('dialog', { name: 'Viewer: notes.txt' })).toContainText('first');
});

test('a deletion is undone', async ({ console: page, rail, client }) => {
  await client.upload('keep.txt', '1', true);
  await openRail(page);
  await choose(page, 'Actions for keep.txt', 'Delete');
  await expect(rail.getByText('No files yet')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rail.getByRole('button', { name: 'keep.txt, linked' })).toBeVisible();
});

test('files are searched and sorted', async ({ console: page, rail, client }) => {
  for (const [name, text] of [
    ['b10.txt', '1'],
    ['b9.txt', '22'],
    ['a.csv', 'x']
  ] as const)
    await client.upload(name, text);
  await openRail(page);
  const names = rail.getByRole('list', { name: 'Library files' }).locator('.name');
  await expect(names).toHaveText(['a.csv', 'b9.txt', 'b10.txt']);
  await rail.getByLabel('Sort library files by').selectOption('size');
  await expect(names.first()).toHaveText('b9.txt');
  await rail.getByLabel('Search library files').fill('b1');
  await expect(names).toHaveText(['b10.txt']);
  await rail.getByLabel('Search library files').fill('nothing');
  await expect(rail.getByText('No file is called that')).toBeVisible();
});

test('a public file carries its mark, is linked and cannot be deleted', async ({
  raro,
  console: page,
  rail,
  client
}) => {
  const name = `public-${client.id}.txt`;
  await raro.client('public').upload(name, 'for all');
  await openRail(page);
  await rail.getByLabel('Search library files').fill(name);
  await expect(rail.getByLabel('public', { exact: true })).toBeVisible();
  await rail.getByRole('button', { name: `${name}, not linked` }).click();
  await expect(rail.getByRole('button', { name: `${name}, linked` })).toBeVisible();
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await expect(page.getByRole('menuitem', { name: 'Public: read-only' })).toHaveAttribute(
    'aria-disabled',
    'true'
  );
  // Every client sees it, so those of the tests that follow would too.
  await raro.client('public').call('DELETE', `/runtime/library/files/${name}`);
});

test('a file that came from an artifact is marked with where it came from', async ({
  console: page,
  rail,
  client
}) => {
  await client.upload('notes.txt', NOTES);
  const run = await client.run('Profile it', ['notes.txt']);
  await client.call('POST', `/runtime/artifacts/${run}/files/notes_txt/summary.json/promote`);
  await openRail(page);
  await expect(
    rail.getByRole('button', {
      name: new RegExp(`^summary.json.*Made by analyze_notes in ${run}`)
    })
  ).toBeVisible();
});
