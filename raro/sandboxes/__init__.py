"""Where agents' code runs: one contract (`sandbox`), and the local tiers that keep it (`local`)."""
