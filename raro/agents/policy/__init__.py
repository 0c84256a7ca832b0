"""Cortex: rules that watch what agents do and block it, ask a person, or call in another agent."""

from raro.agents.policy.facts import CallFacts, FailureFacts, FileFacts, Verdict

__all__ = ["CallFacts", "FailureFacts", "FileFacts", "Verdict"]
