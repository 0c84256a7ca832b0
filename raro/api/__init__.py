"""HTTP: routers that parse, send a command or ask the views, and answer."""
