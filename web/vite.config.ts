import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Where the API looks for the console, in a checkout and in the wheel alike.
const OUT = '../raro/console';
const API = process.env.RARO_URL ?? 'http://127.0.0.1:3000';

export default defineConfig({
  define: { __VERSION__: JSON.stringify(process.env.npm_package_version ?? '0') },
  plugins: [svelte()],
  resolve: { alias: { $lib: new URL('./src/lib', import.meta.url).pathname } },
  build: { outDir: OUT, emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
  worker: { format: 'es' },
  server: {
    proxy: Object.fromEntries(
      ['/runtime', '/audit', '/analytics', '/health', '/ready', '/openapi.json'].map((path) => [
        path,
        API
      ])
    )
  },
  // They change nothing outside of themselves: to load everything anew for each file is three quarters of their time.
  test: { include: ['src/**/*.test.ts'], environment: 'node', isolate: false }
});
