"""Cortex: rules that watch what agents do and block it, ask a person, or call in another agent."""

from raro.agents.policy.facts import CallFacts, FailureFacts, FileFacts, Verdict
from raro.agents.policy.rules import Rules, rules_of, strongest

__all__ = ["CallFacts", "FailureFacts", "FileFacts", "Rules", "Verdict", "rules_of", "strongest"]
