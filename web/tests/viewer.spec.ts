import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { example, PENGUINS, type Client } from './raro';

const viewer = (page: Page) => page.getByRole('dialog', { name: /^Viewer/ });

async function view(page: Page, client: Client, name: string, data: string | Buffer) {
  await client.upload(name, data);
  await page.goto(`/#/?${new URLSearchParams({ file: name })}`);
  return viewer(page);
}

// Somebody elsewhere, who counts whatever reaches them.
const reached: string[] = [];
const elsewhere = createServer((request, response) => {
  reached.push(request.url ?? '');
  response.end();
});
// A connection tells somebody that the file was opened, even without a request.
elsewhere.on('connection', () => reached.push('a connection'));
let evil = '';

test.beforeAll(async () => {
  await new Promise<void>((ready) => elsewhere.listen(0, '127.0.0.1', ready));
  evil = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
});

test.afterEach(() => {
  expect(reached).toEqual([]);
});

test.afterAll(() => {
  elsewhere.close();
});

test.use({ baseURL: async ({ raro }, use) => use(raro.url) });

for (const name of ['penguins.csv', 'penguins.parquet']) {
  test(`${name} is a paged table with types and histograms`, async ({ console: page, client }) => {
    const shown = await view(page, client, name, example(name));
    await expect(shown.getByText('8 columns · 344 rows')).toBeVisible();
    await expect(
      shown.getByRole('columnheader', { name: /body_mass_g/ }).getByRole('img')
    ).toHaveAccessibleName(/2 of 344 missing/);
    await expect(shown.getByRole('cell', { name: 'Torgersen' }).first()).toBeVisible();
    await shown.getByRole('button', { name: 'Next', exact: true }).click();
    await expect(shown.getByText('101–200')).toBeVisible();
    await shown.getByRole('button', { name: /^year/ }).click();
    await shown.getByRole('button', { name: /^year/ }).click();
    await expect(shown.getByRole('columnheader', { name: /year/ })).toHaveAttribute(
      'aria-sort',
      'descending'
    );
    await expect(shown.getByRole('row').nth(1)).toContainText('2009');
  });
}

test('code is highlighted with line numbers', async ({ console: page, client }) => {
  const shown = await view(page, client, 'legacy_script.py', example('legacy_script.py'));
  await expect(shown.locator('.hljs-keyword').first()).toBeVisible();
});

test('JSON is a tree that opens', async ({ console: page, client }) => {
  const shown = await view(
    page,
    client,
    'a.json',
    JSON.stringify({ list: [1, { deep: 'found' }], no: null })
  );
  await shown.getByText('list').click();
  await shown.getByText('{… }').click();
  await expect(shown.getByText('"found"')).toBeVisible();
});

test('broken JSON is shown as text, with the reason', async ({ console: page, client }) => {
  const shown = await view(page, client, 'bad.json', '{"a": 1,,}');
  await expect(shown.getByText(/It is no valid JSON/)).toBeVisible();
  await expect(shown.getByText('{"a": 1,,}')).toBeVisible();
});

test('a picture fits and zooms', async ({ console: page, client }) => {
  const shown = await view(page, client, 'dot.png', PNG);
  const picture = shown.getByRole('img', { name: 'dot.png' });
  await expect(picture).toBeVisible();
  await shown.getByRole('button', { name: 'Larger' }).click();
  await expect(shown.getByText('125 %')).toBeVisible();
});

test('a PDF is drawn page by page', async ({ console: page, client }) => {
  const shown = await view(page, client, 'paper.pdf', PDF);
  await expect(shown.locator('canvas')).toHaveCount(1);
  await expect
    .poll(() => shown.locator('canvas').evaluate((node: HTMLCanvasElement) => node.width))
    .toBeGreaterThan(400);
});

test('bytes of no known kind are shown as hex with facts', async ({ console: page, client }) => {
  const shown = await view(page, client, 'blob.bin', Buffer.from([0, 1, 2, 0x41, 0x42]));
  await expect(shown.getByText('00 01 02 41 42')).toBeVisible();
  await expect(shown.getByText('5 bytes')).toBeVisible();
});

test('a damaged table says why it is shown as bytes', async ({ console: page, client }) => {
  const shown = await view(
    page,
    client,
    'bad.parquet',
    Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(64), Buffer.from('PAR1')])
  );
  await expect(shown.getByText(/It cannot be read as a table/)).toBeVisible();
});

test('an empty file says that it is empty', async ({ console: page, client }) => {
  const shown = await view(page, client, 'empty.txt', '');
  await expect(shown.getByText('The file is empty.')).toBeVisible();
});

test('arrow keys turn the pages, and Escape closes', async ({ console: page, client }) => {
  await client.upload('b.txt', 'second');
  const shown = await view(page, client, 'a.txt', 'first');
  await expect(shown).toContainText('first');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('dialog', { name: 'Viewer: b.txt' })).toContainText('second');
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('dialog', { name: 'Viewer: a.txt' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(shown).toBeHidden();
});

const hostile =
  () => `<link rel="preconnect" href="${evil}"><link rel="prefetch" href="${evil}/p"><link rel="dns-prefetch" href="${evil}">
<script>window.top.pwned = 1; fetch('${evil}/x')</script>
<img src="${evil}/pixel.png" onerror="window.top.pwned = 2">
<svg onload="window.pwned = 3"><a href="javascript:pwned=4">x</a></svg>
<iframe src="${evil}/"></iframe><form action="${evil}/"><button>send</button></form>
<style>@import url('${evil}/x.css'); body { background: url('${evil}/y.png') }</style>
<meta http-equiv="refresh" content="0; url=${evil}/"><b>harmless words</b>`;

const clean = (page: Page) => page.evaluate(() => (window as unknown as { pwned?: number }).pwned);

test('hostile HTML runs nothing and fetches nothing', async ({ console: page, client }) => {
  const shown = await view(page, client, 'evil.html', hostile());
  await expect(shown.frameLocator('iframe').getByText('harmless words')).toBeVisible();
  await page.waitForTimeout(500);
  expect(await clean(page)).toBeUndefined();
  expect(page.url()).toContain('evil.html');
});

test('hostile Markdown runs nothing and fetches nothing', async ({ console: page, client }) => {
  const shown = await view(
    page,
    client,
    'evil.md',
    `# Title\n\n![p](${evil}/p.png)\n\n[go](javascript:pwned=5)\n\n${hostile()}`
  );
  await expect(shown.getByText('harmless words')).toBeVisible();
  await expect(shown.getByText('[picture not loaded: p]')).toBeVisible();
  await expect(
    shown.locator('.markdown :is(script, iframe, form, style, meta, img, [onload], [onerror])')
  ).toHaveCount(0);
  await expect(shown.locator('a[href^="javascript"]')).toHaveCount(0);
  expect(await clean(page)).toBeUndefined();
});

test('hostile SVG is only a picture', async ({ console: page, client }) => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="80" onload="top.pwned=6"><script>top.pwned=7</script>
    <image href="${evil}/z.png" width="9" height="9"/><circle cx="40" cy="40" r="30" fill="red"/></svg>`;
  const shown = await view(page, client, 'evil.svg', svg);
  await expect(shown.getByRole('img', { name: 'evil.svg' })).toBeVisible();
  expect(await clean(page)).toBeUndefined();
});

test('a hostile file name is only a name', async ({ console: page, client }) => {
  const name = '"><img src=x onerror=pwned=8>.txt';
  const shown = await view(page, client, name, 'text');
  await expect(shown.getByRole('heading', { name })).toBeVisible();
  expect(await clean(page)).toBeUndefined();
});

test('Markdown goes to its headings, keeps its ticks and borrows no look of the console', async ({
  console: page,
  client
}) => {
  const shown = await view(
    page,
    client,
    'long.md',
    `[down](#the-end)\n\n- [x] done\n- [ ] open\n\n\`\`\`py\ndef f(): pass\n\`\`\`\n\n[root](/runtime/library)\n\n` +
      `<dialog open>false</dialog><div class="button viewer">plain</div>\n\n${'word\n\n'.repeat(200)}# The end`
  );
  await expect(shown.getByText('☑ done')).toBeVisible();
  await expect(shown.locator('.markdown .hljs-keyword').first()).toHaveText('def');
  await expect(shown.getByText('plain')).not.toHaveClass(/button|viewer/);
  await expect(shown.locator('.markdown dialog')).toHaveCount(0);
  await expect(shown.getByText('root')).not.toHaveAttribute('href');
  await shown.getByRole('link', { name: 'down', exact: true }).click();
  await expect(shown.getByRole('heading', { name: 'The end' })).toBeInViewport();
  expect(page.url()).toContain('long.md');
});

test('Markdown nested beyond reason is shown as text', async ({ console: page, client }) => {
  const shown = await view(page, client, 'deep.md', `first words\n\n${'>'.repeat(8000)} deep`);
  await expect(shown.getByText('first words')).toBeVisible();
});

test('a page in a frame has no link that leads it away', async ({ console: page, client }) => {
  const shown = await view(
    page,
    client,
    'links.html',
    `<a href="${evil}/out">out</a> <a href="#here">here</a><h1 id="here">Here</h1>`
  );
  const frame = shown.frameLocator('iframe');
  await frame.getByText('out').click();
  await expect(frame.getByRole('heading', { name: 'Here' })).toBeVisible();
  await expect(frame.getByText('out')).toHaveAttribute('title', `Leads to ${evil}/out`);
  await shown.getByRole('button', { name: 'Source' }).click();
  await expect(shown).toContainText(`href="${evil}/out"`);
});

test('JSON keeps its digits, and its tree is walked with the arrow keys', async ({
  console: page,
  client
}) => {
  await client.upload('z.txt', 'the next file');
  const shown = await view(
    page,
    client,
    'a.json',
    '{"id": 12345678901234567890, "in": {"x": 1.50}}'
  );
  await expect(shown.getByText('12345678901234567890')).toBeVisible();
  await shown.locator('summary').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect(shown.getByText('1.50')).toBeVisible();
  await page.keyboard.press('ArrowLeft');
  await expect(shown.getByText('1.50')).toBeHidden();
  await expect(page.getByRole('dialog', { name: 'Viewer: a.json' })).toBeVisible();
});

test('what comes in beside does not draw the open file anew', async ({ console: page, client }) => {
  const shown = await view(page, client, 'a.json', '{"in": {"x": "found"}}');
  await shown.locator('summary').nth(1).click();
  await expect(shown.getByText('"found"')).toBeVisible();
  await client.upload('b.txt', 'new');
  await expect(shown.getByText('1/2')).toBeVisible();
  await client.call('PUT', '/runtime/library/files/a.json/link');
  await page.waitForTimeout(300);
  await expect(shown.getByText('"found"')).toBeVisible();
});

test('an older version is shown as what it was', async ({ console: page, client }) => {
  await client.upload('notes.txt', 'first');
  const shown = await view(page, client, 'notes.txt', 'second, and longer');
  await expect(shown.getByText('text/plain · 18 B · v2')).toBeVisible();
  await shown.getByRole('button', { name: /^v1 / }).click();
  await expect(shown.getByText('text/plain · 5 B · v1')).toBeVisible();
  await expect(shown.getByRole('region', { name: 'Text' })).toContainText('first');
  await expect(shown.getByRole('link', { name: 'Download' })).toHaveAttribute('href', /version=1/);
});

test('a table is read as it is written, and its last page is a click away', async ({
  console: page,
  client
}) => {
  const rows = Array.from({ length: 1234 }, (_, n) => `${String(n).padStart(5, '0')},${n}.50`);
  const shown = await view(page, client, 'codes.csv', ['code,price', ...rows].join('\n'));
  await expect(shown.getByRole('cell', { name: '00007' })).toBeVisible();
  await expect(shown.getByRole('cell', { name: '7.50', exact: true })).toBeVisible();
  await shown.getByRole('button', { name: 'Last rows' }).click();
  await expect(shown.getByRole('cell', { name: '01233' })).toBeVisible();
  await expect(shown.getByText('1,201–1,234')).toBeVisible();
  await expect(shown.getByText('2 columns · 1,234 rows')).toBeVisible();
  await expect(
    shown.getByRole('columnheader', { name: /price/ }).getByRole('img')
  ).toHaveAccessibleName(/0.5 to 1233.5/);
});

test('a wide table is scrolled, not left, with the arrow keys', async ({
  console: page,
  client
}) => {
  await client.upload('b.txt', 'the next file');
  const names = Array.from({ length: 60 }, (_, n) => `column_${n}`).join(',');
  const shown = await view(page, client, 'a.csv', `${names}\n${names}\n`);
  const table = shown.getByRole('region', { name: 'Table a.csv' });
  await table.focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => table.evaluate((node) => node.scrollLeft)).toBeGreaterThan(0);
  await expect(page.getByRole('dialog', { name: 'Viewer: a.csv' })).toBeVisible();
});

test('the page behind is out of reach, and has the focus again after', async ({
  console: page,
  client
}) => {
  const shown = await view(page, client, 'a.txt', 'words');
  await expect(shown).toBeFocused();
  await expect(page.locator('#directive')).toHaveCount(1);
  expect(await page.locator('#directive').evaluate((node) => !!node.closest('[inert]'))).toBe(true);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('textbox', { name: 'Directive', exact: true })).toBeEnabled();
  expect(await page.locator('#directive').evaluate((node) => !!node.closest('[inert]'))).toBe(
    false
  );
});

test('on a narrow screen where it came from is folded below', async ({ console: page, client }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const shown = await view(page, client, 'a.txt', 'words');
  await expect(shown.getByText('SHA-256')).toBeHidden();
  await shown.getByText('Where it came from, versions').click();
  await expect(shown.getByText('SHA-256')).toBeVisible();
});

test('a picture is zoomed with keys and the wheel', async ({ console: page, client }) => {
  const shown = await view(page, client, 'dot.png', PNG);
  await expect(shown.getByRole('img', { name: 'dot.png' })).toBeVisible();
  await expect(shown.getByText('2 × 2')).toBeVisible();
  await page.keyboard.press('+');
  await expect(shown.getByText('125 %')).toBeVisible();
  await shown.getByRole('img', { name: 'dot.png' }).hover();
  await page.mouse.wheel(0, -100);
  await expect(shown.getByText('156 %')).toBeVisible();
  await page.keyboard.press('0');
  await expect(shown.getByText('fitted')).toBeVisible();
});

test('an artifact tells where it came from', async ({ console: page, client, raro }) => {
  await client.upload('penguins.csv', PENGUINS);
  const run = await client.run('Compare body mass by species', ['penguins.csv']);
  await client.call(
    'POST',
    `/runtime/artifacts/${run}/files/penguins_csv/summary.csv/promote?as=kept.csv`
  );
  await page.goto(
    `${raro.url}/#/runs/${run}?${new URLSearchParams({ file: 'penguins_csv/summary.csv', of: run })}`
  );
  const beside = viewer(page).getByRole('complementary', { name: 'Provenance' });
  await expect(beside).toContainText('by analyze_penguins, turn');
  await expect(beside).toContainText('input/penguins.csv v1');
  await expect(beside).toContainText('kept.csv v1');
  await page.goto(
    `${raro.url}/#/runs/${run}?${new URLSearchParams({ file: 'penguins_csv/report.md', of: run })}`
  );
  await expect(viewer(page).locator('.markdown img').first()).toBeVisible();
});

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP8z8Dwn4GBgYmBgYGBgQEAFAYCAb0c1uYAAAAASUVORK5CYII=',
  'base64'
);
const PDF = Buffer.from(
  `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F 24 Tf 40 100 Td (Where it came from) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
%%EOF`
);
