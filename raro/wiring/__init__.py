"""The one place that builds everything: servers, log, commands, reactors, views and the API."""

from raro.wiring.core import Core, core
from raro.wiring.running import Running, running, working

__all__ = ["Core", "Running", "core", "running", "working"]
