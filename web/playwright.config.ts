import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// The headless shell draws the same pages for half of the work that a whole browser makes of them.
const BROWSERS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].map(
  (name) => `/usr/bin/${name}`
);

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  // A machine that other work slows down for a moment is no fault of the console; what fails twice is.
  retries: process.env.CI ? 1 : 0,
  // The machine may be slow; an expectation that is not met within this is not met.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    contextOptions: { reducedMotion: 'reduce' },
    // To record a test costs a fifth of it: what failed once is recorded the second time.
    trace: 'on-first-retry',
    launchOptions: {
      executablePath: BROWSERS.find((path) => existsSync(path)) ?? '',
      // No page lives long enough for what V8's optimizing compiler costs: a tenth of it.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--js-flags=--no-opt']
    }
  }
});
