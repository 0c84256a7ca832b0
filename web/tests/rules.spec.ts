// The rules page: what applies, switching, editing the file, proposals, history; on one machine for all clients.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, opened, test as base } from './fixtures';
import { Gemini } from './gemini';
import { pictures, reads, SIZES } from './looks';
import { Raro } from './raro';
import type { Ends } from './shared';

const OWN = `[[rule]]
id = "ask-before-large-csv"
description = "A person looks at large tables."
trigger = "FileGenerated"
action = "request_approval"
[rule.when]
extension = ".csv"
size_over = "10 MB"
`;
const PROPOSED = `[[rule]]
id = "no-spreadsheets"
trigger = "FileGenerated"
action = "block"
[rule.when]
extension = [".xlsx", ".ods"]
`;

interface Machine extends Ends {
  raro: Raro;
  model: Gemini;
  /** Where its rules file is. */
  path: string;
}

async function ruled(): Promise<Machine> {
  const model = await new Gemini().start();
  const path = join(mkdtempSync(join(tmpdir(), 'raro-rules-')), 'rules.toml');
  const raro = await new Raro({
    RARO_MODEL: 'gemini',
    RARO_RULES: path,
    GEMINI_API_KEY: 'a-key',
    GOOGLE_GEMINI_BASE_URL: model.url
  }).start();
  const end = async () => {
    await raro.end();
    await model.end();
  };
  return { raro, model, path, end };
}

// Rules are the whole machine's: the tests of a worker share one, and each begins with the defaults.
const test = base.extend<{ machine: Machine; fresh: void; rules: Page }>({
  machine: [
    async ({ shared }, use) => use(await shared.own('rules', ruled)),
    { scope: 'test', timeout: 60_000 }
  ],
  raro: async ({ machine }, use) => use(machine.raro),
  fresh: [
    async ({ client }, use) => {
      await client.call('PUT', '/runtime/policy/rules', { toml: '', reason: 'a test begins' });
      await use();
    },
    { auto: true }
  ],
  rules: async ({ console: page }, use) => {
    await page.getByRole('link', { name: 'Rules', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Rules', exact: true })).toBeVisible();
    await use(page);
  }
});

const rule = (page: Page, id: string): Locator =>
  page.getByRole('article', { name: `Rule ${id}`, exact: true });
const changes = (page: Page): Locator => page.getByRole('list', { name: 'Changes, newest first' });

test('every rule is told in plain words, and as it is written', async ({ rules: page }) => {
  const deletion = rule(page, 'no-deletion');
  await expect(deletion).toContainText('When an agent calls execute_python and its code');
  await expect(deletion).toContainText('the call is refused');
  await deletion.getByText('As it is written').click();
  await expect(deletion).toContainText('os.removedirs');
  await expect(page.getByRole('region', { name: /^Your own · 0/ })).toContainText('None yet');
  await expect(page.getByText('10 in force')).toBeVisible();
});

test('a default is switched off with a reason, and on again', async ({ rules: page, client }) => {
  const deletion = rule(page, 'no-deletion');
  const applies = deletion.getByRole('switch', { name: 'no-deletion applies' });
  await applies.click();
  const dialog = page.getByRole('dialog', { name: 'Switch no-deletion off?' });
  await dialog.getByLabel('Why').fill('it is in the way');
  await dialog.getByRole('button', { name: 'Switch off' }).click();
  await expect(applies).not.toBeChecked();
  await expect(page.getByText('9 in force, 1 switched off')).toBeVisible();
  await expect(changes(page).getByRole('listitem').first()).toContainText('it is in the way');
  await expect(changes(page).getByRole('listitem').first()).toContainText('−no-deletion');
  await expect(changes(page).getByRole('listitem').first()).toContainText(`user:${client.id}`);
  await applies.press('Space');
  await expect(applies).toBeChecked();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await expect(applies).not.toBeChecked();
});

test('the file is edited: a mistake is shown at its line, the good text put in force', async ({
  rules: page,
  machine
}) => {
  await page.getByRole('button', { name: 'Edit the file' }).click();
  const editor = page.getByRole('textbox', { name: 'Rules file' });
  await expect(editor).toBeFocused();
  await editor.fill(OWN.replace('"FileGenerated"', '"FileMade"'));
  await page.getByRole('button', { name: 'Put in force' }).click();
  const faults = page.getByRole('alert').filter({ hasText: 'Not put in force' });
  await expect(faults).toContainText('ToolCall');
  expect(readFileSync(machine.path, 'utf8')).toBe('');
  await faults.getByRole('button', { name: 'line 4' }).click();
  await expect(editor).toBeFocused();
  const selected = await editor.evaluate((area: HTMLTextAreaElement) =>
    area.value.slice(area.selectionStart, area.selectionEnd)
  );
  expect(selected).toBe('trigger = "FileMade"');
  await editor.fill(OWN);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByText('No mistake. It adds ask-before-large-csv.')).toBeVisible();
  await page.getByRole('button', { name: 'Put in force' }).click();
  await expect(rule(page, 'ask-before-large-csv')).toContainText('it is larger than 10 MB');
  expect(readFileSync(machine.path, 'utf8')).toBe(OWN);
});

test('a rule of one’s own is removed and had back, comments and all', async ({
  rules: page,
  machine,
  client
}) => {
  const toml = `# ours\n${OWN}`;
  await client.call('PUT', '/runtime/policy/rules', { toml });
  await page.getByRole('button', { name: 'Remove ask-before-large-csv' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(rule(page, 'ask-before-large-csv')).toBeHidden();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await expect(rule(page, 'ask-before-large-csv')).toBeVisible();
  expect(readFileSync(machine.path, 'utf8')).toBe(toml);
});

test('a file broken by hand is shown with its line; the rules from before stay', async ({
  rules: page,
  machine
}) => {
  writeFileSync(machine.path, `${OWN}\n[[rule]]\nid = "half`);
  // One comes back from the editor.
  const broken = page.getByRole('alert').filter({ hasText: 'the rules from before it stay' });
  await expect(async () => {
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await expect(broken).toBeVisible({ timeout: 1_500 });
  }).toPass();
  await expect(rule(page, 'ask-before-large-csv')).toBeHidden();
  await broken.getByRole('button', { name: /^line/ }).first().click();
  await expect(page.getByRole('textbox', { name: 'Rules file' })).toBeFocused();
  await page.getByRole('textbox', { name: 'Rules file' }).fill(OWN);
  await page.getByRole('button', { name: 'Put in force' }).click();
  await expect(broken).toBeHidden();
  await expect(rule(page, 'ask-before-large-csv')).toBeVisible();
});

test('what somebody else changed meanwhile is not undone by mistake', async ({
  rules: page,
  client
}) => {
  const editor = page.getByRole('textbox', { name: 'Rules file' });
  await editor.fill('switched_off = ["no-deletion"]\n');
  await client.call('PUT', '/runtime/policy/rules', { toml: OWN });
  await expect(rule(page, 'ask-before-large-csv')).toBeVisible();
  await expect(page.getByText('The file was changed meanwhile')).toBeVisible();
  await page.getByRole('button', { name: 'Put in force' }).click();
  await expect(page.getByText('read them again and repeat your change')).toBeVisible();
  await expect(editor).toHaveValue('switched_off = ["no-deletion"]\n');
  await page.getByRole('button', { name: 'Drop my text' }).first().click();
  await expect(editor).toHaveValue(OWN);
});

test('a text that is not in force yet outlives a look at another page', async ({ rules: page }) => {
  await page.getByRole('textbox', { name: 'Rules file' }).fill('# half a thought');
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  await page.getByRole('link', { name: 'Rules', exact: true }).click();
  await expect(page.getByRole('textbox', { name: 'Rules file' })).toHaveValue('# half a thought');
});

test('a situation is tried out, against the rules in force and those being written', async ({
  rules: page
}) => {
  const trying = page.getByRole('region', { name: 'Try the rules' });
  const told = trying.getByRole('status');
  await trying.getByRole('button', { name: 'Try' }).click();
  await expect(told).toContainText('no-deletion');
  await trying.getByLabel('Arguments, JSON').fill('{"code": "print(1)"}');
  await trying.getByRole('button', { name: 'Try' }).click();
  await expect(told).toContainText('No rule minds it');
  await trying.getByLabel('Arguments, JSON').fill('{');
  await trying.getByRole('button', { name: 'Try' }).click();
  await expect(trying.getByRole('alert')).toContainText('Arguments are no JSON');
  await page.getByRole('button', { name: 'Edit the file' }).click();
  await page.getByRole('textbox', { name: 'Rules file' }).fill(OWN);
  await trying.getByLabel('What happens').selectOption('An agent made a file');
  await trying.getByLabel('Path').fill('big.csv');
  await trying.getByLabel('Size, bytes').fill('20000000');
  await trying.getByLabel('with the file as it is being edited').check();
  await trying.getByRole('button', { name: 'Try' }).click();
  await expect(told).toContainText('ask-before-large-csv');
});

test('markup in a rule is text', async ({ rules: page, client }) => {
  const markup = '<img src=x onerror=alert(1)><b>bold</b>';
  await client.call('PUT', '/runtime/policy/rules', {
    toml: `${OWN.replace('A person looks at large tables.', markup)}[rule.unless]\npath = "${markup}"\n`,
    reason: markup
  });
  await expect(rule(page, 'ask-before-large-csv')).toContainText(
    `unless its path is like ${markup}`
  );
  await expect(changes(page)).toContainText(markup);
  await expect(page.locator('main img')).toHaveCount(0);
});

test('the focus is not lost when the rules are read again while one is accepted', async ({
  rules: page,
  machine
}) => {
  machine.model.answer = { toml: PROPOSED };
  const field = page.getByRole('textbox', { name: 'A rule in a sentence' });
  await field.fill('no spreadsheets');
  await field.press('Enter');
  const card = page.getByRole('article', { name: 'Proposed rule no-spreadsheets' });
  await expect(card).toBeVisible();
  let asked = 0;
  let overtake = () => {};
  const overtaken = new Promise<void>((resolve) => (overtake = resolve));
  await page.route('**/runtime/policy', async (route) => {
    asked += 1;
    if (asked === 1) await overtaken;
    else {
      overtake();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    await route.continue();
  });
  await card.getByRole('button', { name: 'Accept' }).click();
  await expect.poll(() => asked).toBe(1);
  // As when somebody comes back to the window.
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await expect(card).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Rules', exact: true })).toBeFocused();
});

test('a sentence becomes a proposal, in force only once a person accepts it', async ({
  rules: page,
  machine
}) => {
  const field = page.getByRole('textbox', { name: 'A rule in a sentence' });
  machine.model.answer = { toml: PROPOSED };
  await field.fill('no spreadsheets, please');
  await field.press('Enter');
  const card = page.getByRole('article', { name: 'Proposed rule no-spreadsheets' });
  await expect(card).toContainText('“no spreadsheets, please”');
  await expect(card).toContainText('its name ends in .xlsx or .ods');
  await expect(rule(page, 'no-spreadsheets')).toBeHidden();
  await card.getByLabel('Why').fill('agreed');
  await card.getByRole('button', { name: 'Accept' }).click();
  await expect(rule(page, 'no-spreadsheets')).toBeVisible();
  await expect(card).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Rules', exact: true })).toBeFocused();
  const last = changes(page).getByRole('listitem').first();
  await expect(last).toContainText('accepted a proposal');
  await expect(last).toContainText('agreed');
  machine.model.answer = { toml: PROPOSED.replace('no-spreadsheets', 'no-sheets') };
  await field.fill('no sheets');
  await field.press('Enter');
  const other = page.getByRole('article', { name: 'Proposed rule no-sheets' });
  await other.getByRole('button', { name: 'Reject' }).click();
  await expect(other).toBeHidden();
  await expect(rule(page, 'no-sheets')).toBeHidden();
});

test('what a model makes of a sentence and cannot be taken is shown', async ({
  rules: page,
  machine
}) => {
  machine.model.answer = { toml: PROPOSED.replace('block', 'explode') };
  await page.getByRole('textbox', { name: 'A rule in a sentence' }).fill('explode');
  await page.getByRole('button', { name: 'Propose' }).click();
  const refused = page.getByRole('alert').filter({ hasText: 'no rule of this sentence' });
  await expect(refused).toContainText('action = "explode"');
});

base('without a language model the page says so, and the rest works', async ({ console: page }) => {
  await page.keyboard.press('p');
  await expect(page.getByText('No language model is set up')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'A rule in a sentence' })).toBeHidden();
  await expect(page.getByText('the defaults apply as they came')).toBeVisible();
});

for (const viewport of SIZES) {
  test(`the page, ${viewport.width} wide`, async ({ machine, client, context }) => {
    const kept = { clientId: client.id, theme: 'archival', toured: true };
    const page = await opened(context, machine.raro.url, kept, '/#/rules');
    await page.setViewportSize(viewport);
    await client.call('PUT', '/runtime/policy/rules', {
      toml: `switched_off = ["no-privileges"]\n\n${OWN}`,
      reason: 'tables are large'
    });
    machine.model.answer = { toml: PROPOSED };
    const sentence = `no spreadsheets, please (${viewport.width})`;
    const { proposal_id } = await client.call('POST', '/runtime/policy/compile', { sentence });
    writeFileSync(machine.path, `${OWN}\n[[rule]]\nid = "half`);
    await page.reload();
    await expect(page.getByText('the rules from before it stay')).toBeVisible();
    await expect(page.getByText(sentence)).toBeVisible();
    await reads(page, 'rules');
    await page.getByRole('textbox', { name: 'Rules file' }).scrollIntoViewIfNeeded();
    await page.getByText('Changes', { exact: true }).scrollIntoViewIfNeeded();
    await pictures(page, 'rules-file');
    await client.call('POST', `/runtime/policy/proposals/${proposal_id as string}/reject`);
  });
}
