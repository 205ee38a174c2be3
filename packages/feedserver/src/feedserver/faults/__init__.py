"""Ways to break an answer: each a small frozen class that turns one plan into another, a file a family."""

from feedserver.faults.fault import Fault

__all__ = ["Fault"]
