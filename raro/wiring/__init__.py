"""The one place that builds everything: servers, log, commands, reactors, views and the API."""
