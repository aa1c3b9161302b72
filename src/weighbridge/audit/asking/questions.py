"""Asks one model all its trials: the one place where attempts are counted, and where an endpoint is given up.

Each trial gets up to ``limits.attempts`` requests, each with a deadline of its own. A trial whose attempts are used up
is *error*, but only once its endpoint has proved that it answers at all: until then the failure is held back, since a
dead endpoint, a wrong address or a refused key would otherwise become thousands of errors of the model. Where failures
pile up without one reply between them, the model is given up with an error that says the mend, and its trials stay
unasked, to be resumed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from weighbridge.audit.asking.budget import Cost, Purse
from weighbridge.audit.asking.pace import TOO_LONG, Pace
from weighbridge.audit.asking.reply import Fault, FaultKind, Reply, State, Usage, state_of
from weighbridge.audit.asking.secrets import Secrets, without_login
from weighbridge.audit.asking.standing import ModelStanding
from weighbridge.audit.asking.words import declines
from weighbridge.audit.asking.writer import Writer
from weighbridge.audit.cost import CHARACTERS_PER_TOKEN, EXPECTED_OUTPUT, price
from weighbridge.audit.plan import Model
from weighbridge.audit.providers import Connection
from weighbridge.errors import EndpointDown, KeyMissing, WeighbridgeError
from weighbridge.store.journal import End, Journal

NEVER_THE_QUESTION: set[FaultKind] = {"unreachable", "key", "not found"}
"""Failures that say nothing of the question that was asked."""
WORTH_WAITING = 4
"""An endpoint that has answered and is then unreachable is waited for so many times longer: it may be restarting."""
LONGEST_WAIT = 60.0


def patience(kind: FaultKind, *, replied: bool) -> int:
    """Trials that may fail one after the other, without a reply between them, before the model is given up.

    Few at the start, where all of them would fail alike. More once the endpoint has replied in this session: one
    question in twenty may be a bad one, and ten of those in a row are still no chance event.
    """
    if kind in NEVER_THE_QUESTION:
        return 3 if replied else 1
    if kind == "request":
        return 20 if replied else 10
    return 10 if replied else 3


class KeyRefused(KeyMissing):
    """The endpoint does not take the key."""


class BudgetReached(Exception):
    """The next request does not fit into what is left of the budget."""


@dataclass
class Flights:
    """Which tasks have a request under way. A stop ends the others at once, and lets these bring in their answers."""

    workers: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    under_way: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    stopping: bool = False

    def stop(self) -> None:
        """Ask for nothing more."""
        self.stopping = True
        for task in self.workers - self.under_way:
            task.cancel()

    def cut_off(self) -> None:
        """Wait for nothing any more."""
        for task in self.workers:
            task.cancel()


@dataclass
class _Failure:
    """A trial whose attempts are used up, held back until the endpoint proves that it answers."""

    trial: Mapping[str, Any]
    fault: Fault


class Questions:
    """Everything one model is asked in one session."""

    def __init__(
        self,
        model: Model,
        connection: Connection,
        *,
        at_once: int,
        writer: Writer,
        purse: Purse,
        standing: ModelStanding,
        secrets: Secrets,
        tell: Callable[[], None],
        answered_before: bool,
        first_wait: float,
    ) -> None:
        self.model = model
        self._connection = connection
        self._at_once = at_once
        self._writer = writer
        self._purse = purse
        self._standing = standing
        self._secrets = secrets
        self._tell = tell
        self._answered_before = answered_before
        self._first_wait = first_wait
        self._pace = Pace(model.limits.model_copy(update={"concurrency": at_once}), first_wait=4 * first_wait)
        self._replied = False
        self._unproved: list[_Failure] = []
        self._mean_output = float(min(EXPECTED_OUTPUT, model.sampling.max_tokens))
        self._on_line = model.provider not in {"specimen"}
        self._free = price(model, 10**6, 10**6) == 0
        self._writing: set[asyncio.Task[None]] = set()
        self.flights = Flights()
        self.down: WeighbridgeError | None = None
        self.budget_reached = False

    async def ask_all(self, trials: Iterator[Mapping[str, Any]]) -> None:
        """Ask every trial, in order. What stopped it early is left in ``down`` or ``budget_reached``."""
        self._standing.began = time.monotonic()
        waiting = [asyncio.create_task(self._work(trials)) for _ in range(self._at_once)]
        self.flights.workers = set(waiting)
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
            stopped = self.flights.stopping
        finally:  # after a fault of ours, or a second Ctrl-C, the rest is cut off; what has arrived is kept
            self.flights.stopping = True
            for task in waiting:
                task.cancel()
            ended = await asyncio.gather(*waiting, return_exceptions=True)
            await asyncio.gather(*self._writing)
        for fault in ended:
            if isinstance(fault, Exception):
                raise fault
        if self._unproved and self.down is None and not stopped:
            last = self._unproved[-1].fault
            if self._replied or (self._answered_before and last.kind not in NEVER_THE_QUESTION):
                await self._settle_unproved()
            else:
                self._give_up(last)

    async def _work(self, trials: Iterator[Mapping[str, Any]]) -> None:
        for trial in trials:
            if self.flights.stopping:
                return
            try:
                await self._ask(trial)
            except BudgetReached:
                self.budget_reached = True
                self._standing.note = "stopped: the next answer might pass the budget"
                self.flights.stopping = True  # those who wait for the purse find out by themselves
                return

    async def _ask(self, trial: Mapping[str, Any]) -> None:
        for number in range(1, self.model.limits.attempts + 1):
            fault = await self._attempt(trial)
            if fault is None:
                return
            if not fault.again or number == self.model.limits.attempts:
                await self._failed(trial, fault)
                return
            if self.flights.stopping:
                return
            if fault.kind != "slow down":  # there the whole model pauses, in ``Pace``
                await asyncio.sleep(self._wait(fault, number))

    def _wait(self, fault: Fault, number: int) -> float:
        if fault.retry_after is not None:
            return min(fault.retry_after, TOO_LONG)
        patient = WORTH_WAITING if fault.kind == "unreachable" and self._replied else 1
        return min(LONGEST_WAIT, self._first_wait * patient * 2 ** (number - 1)) * random.uniform(0.75, 1.25)

    def _most(self, trial: Mapping[str, Any]) -> tuple[int, Cost]:
        """Tokens that a trial's request has, by its length, and what one attempt may cost at most."""
        if not self._on_line:
            return 0, Cost()
        asked = round((len(trial["system"]) + len(trial["user"])) / CHARACTERS_PER_TOKEN) + 8
        longest = int(self.model.sampling.extra.get("max_completion_tokens", self.model.sampling.max_tokens))
        return asked, Cost(asked + longest, price(self.model, asked, longest) or 0.0)

    async def _attempt(self, trial: Mapping[str, Any]) -> Fault | None:
        asked, most = self._most(trial)
        if not await self._purse.hold(most):
            raise BudgetReached
        counted = Cost()
        try:
            expected = asked + round(self._mean_output)
            await self._pace.turn(expected)
            used: int | None = None
            task = asyncio.current_task()
            assert task is not None
            try:
                if self.flights.stopping:
                    raise asyncio.CancelledError
                self.flights.under_way.add(task)
                self._standing.under_way += 1
                fault, end = await self._request(trial, most)
                counted = Cost(end.counted_tokens, end.counted_dollars)
                used = end.counted_tokens if end.charge == "known" else None
            finally:
                if task in self.flights.under_way:
                    self.flights.under_way.discard(task)
                    self._standing.under_way -= 1
                self._pace.leave(expected, used)
                self._tell()
        finally:
            await self._whole(self._purse.give_back(most, counted))
        return fault

    async def _request(self, trial: Mapping[str, Any], most: Cost) -> tuple[Fault | None, End]:
        """One request, journalled before it leaves and when it ends; an answer is settled with its end at once."""
        key, at = str(trial["trial"]), time.time()
        number = await self._writer.write(
            lambda journal: journal.started(key, self.model.name, at, tokens=most.tokens, dollars=most.dollars),
            durable=False,
        )
        self._standing.requests += 1
        began = time.monotonic()
        fault: Fault | None = None
        reply: Reply | None = None
        try:
            async with asyncio.timeout(self.model.limits.timeout):
                reply = await self._connection.ask(trial)
            state, error = state_of(reply)
        except TimeoutError:
            fault = Fault("time-out", f"no whole answer within {self.model.limits.timeout:g} s", charge="unknown")
        except Fault as caught:
            fault = caught
        except asyncio.CancelledError:
            cut = Fault("cancelled", "asking was stopped while this was under way", charge="unknown")
            await self._whole(self._note_end(number, self._end(cut, most)))
            raise
        else:
            latency = time.monotonic() - began
            if state == "answered" and declines(reply.completion, trial):
                state = "refused"
            end = self._counted(reply, most)
            answer = self._answer(trial, state, reply, error, at, latency)
            await self._whole(self._keep(number, end, answer))
            await self._it_answers(reply)
            return None, end
        if fault.kind == "filtered":
            reply = Reply("", stop_reason="content_filter", usage=fault.usage)
            end = self._counted(reply, most) if fault.charge == "known" else self._end(fault, most)
            answer = self._answer(trial, "refused", reply, self._said(fault), at, time.monotonic() - began)
            await self._whole(self._keep(number, end, answer))
            await self._it_answers(reply)
            return None, end
        end = self._end(fault, most)
        await self._whole(self._note_end(number, end))
        if fault.kind == "slow down":
            self._slow_down(fault)
        return fault, end

    async def _whole(self, writing: Coroutine[Any, Any, None]) -> None:
        """Not to be torn apart by a stop: what has arrived is kept."""
        task = asyncio.create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)

    def _said(self, fault: Fault) -> str:
        return self._secrets.removed(str(fault))

    def _slow_down(self, fault: Fault) -> None:
        if fault.retry_after is not None and fault.retry_after > TOO_LONG:
            self._give_up(fault)
            return
        self._pace.slow_down(fault.retry_after)
        self._standing.note = f"the endpoint says 429: waiting {self._pace.paused_for():.0f} s"

    async def _note_end(self, number: int, end: End) -> None:
        at = time.time()
        self._standing.wasted_tokens += (end.input_tokens or 0) + (end.output_tokens or 0)
        await self._writer.write(lambda journal: journal.ended(number, at, end))

    async def _keep(self, number: int, end: End, answer: dict[str, Any]) -> None:
        at = time.time()

        def write(journal: Journal) -> dict[str, Any]:
            journal.ended(number, at, end)
            return self._settle(journal, answer, number)

        self._count(await self._writer.write(write))

    def _settle(self, journal: Journal, answer: dict[str, Any], number: int | None) -> dict[str, Any]:
        """Add what the other attempts wasted, and price the whole."""
        wasted = journal.wasted(answer["trial"], number)
        row = {
            **answer,
            "attempts": wasted.attempts + (number is not None),
            "wasted_input_tokens": wasted.input_tokens,
            "wasted_output_tokens": wasted.output_tokens,
        }
        row["dollars"] = self._dollars(row, with_reply=number is not None)
        journal.settle(self.model.name, row)
        return row

    def _dollars(self, row: dict[str, Any], *, with_reply: bool) -> float | None:
        """For the answer and the attempts before it that told their usage; None where price or usage is unknown."""
        wasted = price(self.model, row["wasted_input_tokens"] or 0, row["wasted_output_tokens"] or 0)
        if not with_reply:
            return wasted if row["wasted_input_tokens"] is not None or self._free else None
        asked, generated = row["input_tokens"], row["output_tokens"]
        if asked is None or generated is None:
            return 0.0 if self._free else None
        own = price(self.model, asked, generated, row["cached_tokens"] or 0)
        return None if own is None or wasted is None else own + wasted

    def _count(self, row: dict[str, Any]) -> None:
        standing = self._standing
        standing.states[row["state"]] = standing.states.get(row["state"], 0) + 1
        standing.input_tokens += row["input_tokens"] or 0
        standing.output_tokens += row["output_tokens"] or 0
        if row["dollars"] is None:
            standing.unpriced += 1
        else:
            standing.dollars += row["dollars"]

    def _answer(
        self, trial: Mapping[str, Any], state: State, reply: Reply | None, error: str, at: float, latency: float | None
    ) -> dict[str, Any]:
        usage = reply.usage if reply else Usage()
        text = (reply.completion if reply.completion.strip() else reply.refusal) if reply else ""
        return {
            "trial": str(trial["trial"]),
            "state": state,
            "completion": self._secrets.removed(text),
            "reasoning": self._secrets.removed(reply.reasoning) if reply else "",
            "stop_reason": self._secrets.removed(reply.stop_reason) if reply and reply.stop_reason else None,
            "served_model": self._secrets.removed(reply.served_model) if reply and reply.served_model else None,
            "input_tokens": usage.input,
            "cached_tokens": usage.cached,
            "reasoning_tokens": usage.reasoning,
            "output_tokens": usage.output,
            "latency": latency,
            "error": error or None,
            "asked_at": at,
        }

    def _counted(self, reply: Reply, most: Cost) -> End:
        usage = reply.usage
        asked, generated = usage.input, usage.output
        if asked is None or generated is None or not self._on_line:
            return End("answered", "known" if not self._on_line else "unknown", asked, usage.cached, generated,
                       most.tokens, most.dollars)  # fmt: skip
        self._mean_output += (generated - self._mean_output) / 20
        dollars = price(self.model, asked, generated, usage.cached or 0) or 0.0
        return End("answered", "known", asked, usage.cached, generated, asked + generated, dollars)

    def _end(self, fault: Fault, most: Cost) -> End:
        usage = fault.usage
        tokens, dollars = 0, 0.0
        if fault.charge == "unknown":
            tokens, dollars = most.tokens, most.dollars
        elif fault.charge == "known":
            tokens = (usage.input or 0) + (usage.output or 0)
            dollars = price(self.model, usage.input or 0, usage.output or 0, usage.cached or 0) or 0.0
        return End(fault.kind, fault.charge, usage.input, usage.cached, usage.output, tokens, dollars, fault.status,
                   self._said(fault))  # fmt: skip

    async def _it_answers(self, reply: Reply) -> None:
        """A reply of any kind proves the endpoint: failures that were held back are the model's own after all."""
        self._replied = True
        self._pace.went_well()
        if self._standing.note.startswith("the endpoint says 429") and not self._pace.paused_for():
            self._standing.note = ""
        if self._unproved:
            await self._settle_unproved()

    async def _failed(self, trial: Mapping[str, Any], fault: Fault) -> None:
        if fault.kind == "too long":
            await self._settle_failure(_Failure(trial, fault))
            return
        if self.down is not None:
            return
        self._unproved.append(_Failure(trial, fault))
        if len(self._unproved) >= patience(fault.kind, replied=self._replied):
            self._give_up(fault)

    async def _settle_unproved(self) -> None:
        failures, self._unproved = self._unproved, []
        for failure in failures:
            await self._settle_failure(failure)

    async def _settle_failure(self, failure: _Failure) -> None:
        answer = self._answer(failure.trial, "error", None, self._said(failure.fault), time.time(), None)
        self._count(await self._writer.write(lambda journal: self._settle(journal, answer, None)))
        self._tell()

    def _give_up(self, fault: Fault) -> None:
        if self.down is not None:
            return
        where = without_login(self.model.base_url) or f"provider {self.model.provider}"
        said = f"model '{self.model.name}' at {where}"
        heard = self._said(fault)[:300]
        later = "then run the same command again: what was answered is kept"
        if fault.kind == "key":
            variable = self.model.api_key_env or "no variable is named in `api_key_env`"
            self.down = KeyRefused(f"{said}: the endpoint refuses the key ({variable}): {heard}; mend the key, {later}")
        elif fault.kind == "not found":
            self.down = EndpointDown(
                f'{said}: no such model or path ({heard}); mend `model = "{self.model.model}"` or `base_url` '
                f"(it mostly ends in /v1), {later}"
            )
        elif fault.kind == "unreachable":
            mend = "start it or mend `base_url`" if self.model.base_url else "see whether its process was ended"
            self.down = EndpointDown(f"{said}: cannot be reached ({heard}); {mend}, {later}")
        elif fault.kind == "slow down":
            self.down = EndpointDown(
                f"{said}: asks for less or for nothing more now ({heard}); lower `limits.requests_per_minute` or "
                f"wait, {later}"
            )
        elif fault.kind == "request":
            self.down = EndpointDown(
                f"{said}: {len(self._unproved)} requests in a row were turned away ({heard}); mend `sampling` or "
                f"`model` in the plan, {later}"
            )
        else:
            self.down = EndpointDown(
                f"{said}: no usable answer to {max(1, len(self._unproved))} questions in a row ({heard}); see to the "
                f"endpoint, {later}"
            )
        self._standing.note = f"given up: {heard}"
        self.flights.stop()
