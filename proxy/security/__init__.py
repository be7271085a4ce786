"""Who a caller is, what he may reach, and how often."""

from __future__ import annotations

from proxy.security.counts import Counts
from proxy.security.gate import Gate
from proxy.security.visit import Caller, Visit, visit, visiting

__all__ = ["Caller", "Counts", "Gate", "Visit", "visit", "visiting"]
