"""Agents: the turn loop, tools, the planner and the models. Nothing here knows the log."""
