// Before the first paint, so that a Phosphor page never flashes paper.
try {
  const kept = JSON.parse(localStorage.getItem('raro.settings') ?? '{}').theme;
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = kept ?? (dark ? 'phosphor' : 'archival');
} catch {
  // Storage may be forbidden or spoilt: the page's own theme stays.
}
