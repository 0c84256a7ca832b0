"""Commands: load an aggregate, let `raro.domain` decide, append with optimistic concurrency."""
