"""The tools agents work with, and who is granted which."""

from raro.agents.tools.grants import granted, unknown_tools
from raro.agents.tools.toolbox import Toolbox
from raro.agents.tools.workplace import Workplace

__all__ = ["Toolbox", "Workplace", "granted", "unknown_tools"]
