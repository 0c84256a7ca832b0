"""From a directive and files to a workflow: by rules (`offline`), or by a language model (`model`, `reading`)."""

from raro.agents.planning.model import ModelPlanner
from raro.agents.planning.offline import OfflinePlanner
from raro.agents.planning.planner import Planned, Planner

__all__ = ["ModelPlanner", "OfflinePlanner", "Planned", "Planner"]
