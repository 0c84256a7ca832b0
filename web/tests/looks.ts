// How a page looks and reads, in both themes: a picture to look at, what axe finds, and whether anything sticks out.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './fixtures';

export const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 }
] as const;

/** Choose a theme as another tab of the same person would: this one follows at once. */
async function wear(page: Page, theme: 'archival' | 'phosphor'): Promise<void> {
  await page.evaluate((chosen) => {
    const kept = JSON.parse(localStorage.getItem('raro.settings') ?? '{}') as object;
    localStorage.setItem('raro.settings', JSON.stringify({ ...kept, theme: chosen }));
    dispatchEvent(new StorageEvent('storage', { key: 'raro.settings' }));
  }, theme);
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
}

/** What axe finds by all of its rules, or by those named. */
async function found(page: Page, rules: string[]): Promise<string[]> {
  // In the page itself: otherwise every look opens a tab of its own to put the answers of frames together.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  const { violations } = await (rules.length ? axe.withRules(rules) : axe).analyze();
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`)
        .slice(0, 3)
        .join(' | ')}`
  );
}

/**
 * Axe finds nothing in either theme, and nothing sticks out; a picture of each is kept as `name-theme-width.png`.
 * A theme is colours alone, so the second is not asked about anything else.
 */
export async function reads(page: Page, name: string): Promise<void> {
  for (const [theme, rules] of [
    ['archival', []],
    ['phosphor', ['color-contrast']]
  ] as const) {
    await wear(page, theme);
    await picture(page, `${name}-${theme}`);
    expect.soft(await found(page, [...rules]), `${name}, ${theme}: what axe found`).toEqual([]);
  }
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  );
  expect.soft(wide, `${name}: pixels that stick out`).toBe(0);
}

/** A picture to look at, kept as `name-width.png`. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `screenshots/${name}-${page.viewportSize()!.width}.png` });
}
