"""May one more request be paid for? A run's budget stops asking before it is passed, not after.

What is under way is counted at the most that it may cost (its whole question and ``max_tokens``), so that the limit
holds even when every answer is as long as it may be. An attempt whose usage nobody told is counted in the same way.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from weighbridge.audit.plan import Budget


@dataclass(frozen=True)
class Cost:
    """Tokens and dollars."""

    tokens: int = 0
    dollars: float = 0.0


class Purse:
    """The budget of one run, shared by all its models."""

    def __init__(self, budget: Budget, spent: Cost) -> None:
        self._limit = budget
        self.spent = spent
        self._held = Cost()
        self._changed = asyncio.Condition()

    def _fits(self, cost: Cost) -> bool:
        tokens = self.spent.tokens + self._held.tokens + cost.tokens
        dollars = self.spent.dollars + self._held.dollars + cost.dollars
        within_tokens = self._limit.tokens is None or cost.tokens == 0 or tokens <= self._limit.tokens
        return within_tokens and (self._limit.dollars is None or cost.dollars == 0 or dollars <= self._limit.dollars)

    async def hold(self, most: Cost) -> bool:
        """Set aside what a request may cost at most; False where the budget has not that much left."""
        async with self._changed:
            while not self._fits(most):
                if self._held == Cost():
                    return False
                await self._changed.wait()  # what is under way mostly costs less than was held for it
            self._add(most, 1)
            return True

    async def give_back(self, most: Cost, counted: Cost) -> None:
        """A request has ended: count what it took, and give the rest back."""
        async with self._changed:
            self._add(most, -1)
            self.spent = Cost(self.spent.tokens + counted.tokens, self.spent.dollars + counted.dollars)
            self._changed.notify_all()

    def _add(self, cost: Cost, sign: int) -> None:
        tokens = self._held.tokens + sign * cost.tokens
        dollars = self._held.dollars + sign * cost.dollars
        # Sums of floats leave crumbs; where nothing is held, nothing is.
        self._held = Cost(tokens, dollars if abs(dollars) > 1e-12 else 0.0)
