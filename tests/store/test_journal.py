"""The journal: what is committed stays, what was under way is known, what is damaged is said."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from weighbridge.audit.asking.writer import Writer
from weighbridge.errors import TableCorrupt, WeighbridgeError
from weighbridge.store.journal import NAME, End, Journal
from weighbridge.store.schemas import ANSWERS

PLAN = "a" * 64


def answer(trial: str, state: str = "answered", **more: Any) -> dict[str, Any]:
    return {**dict.fromkeys(ANSWERS.names()), "trial": trial, "state": state, "attempts": 1, "asked_at": 1.5, **more}


def test_an_answer_is_there_after_the_journal_is_opened_again(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        journal.settle("m", answer("t1", completion="text", input_tokens=3))
    with Journal(tmp_path, PLAN) as journal:
        frame = journal.answers()
        assert journal.settled() == {"t1"} and frame.schema == ANSWERS
        assert frame.row(0, named=True)["completion"] == "text" and frame["asked_at"].dt.timestamp("ms")[0] == 1500


def test_a_trial_is_settled_once(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        journal.settle("m", answer("t1"))
        with pytest.raises(sqlite3.IntegrityError):
            journal.settle("m", answer("t1"))


def test_attempts_without_an_end_are_unfinished_only_for_later_sessions(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        journal.started("t1", "m", 1.0, tokens=500, dollars=0.5)
        number = journal.started("t2", "m", 1.0, tokens=500, dollars=0.5)
        journal.ended(number, 2.0, End("answered", "known", 10, None, 5, counted_tokens=15, counted_dollars=0.01))
        assert journal.unfinished() == {}
    with Journal(tmp_path, PLAN) as journal:
        assert journal.unfinished() == {"m": 1} and journal.attempts() == {"m": 2}
        tokens, dollars = journal.spent()
        assert tokens == 515 and dollars == pytest.approx(0.51)  # what is lost counts at the most it may have cost


@pytest.mark.parametrize(
    ("ends", "wasted"),
    [
        ([], (0, 0, 0)),
        ([End("server", "none")], (1, 0, 0)),
        ([End("unusable", "known", 10, None, 4), End("server", "none")], (2, 10, 4)),
        ([End("unusable", "known", 10, None, 4), End("time-out", "unknown")], (2, None, None)),
        ([None], (1, None, None)),
    ],
)
def test_waste_is_a_sum_of_what_is_known_and_unknown_where_it_is_not(
    ends: list[End | None], wasted: tuple[int, int | None, int | None], tmp_path: Path
) -> None:
    with Journal(tmp_path, PLAN) as journal:
        for end in ends:
            number = journal.started("t", "m", 1.0, tokens=0, dollars=0)
            if end:
                journal.ended(number, 2.0, end)
        found = journal.wasted("t", None)
    assert (found.attempts, found.input_tokens, found.output_tokens) == wasted


def test_errors_can_be_forgotten_and_their_attempts_stay(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        number = journal.started("t1", "m", 1.0, tokens=9, dollars=0)
        journal.ended(number, 2.0, End("server", "none"))
        journal.settle("m", answer("t1", "error"))
        journal.settle("m", answer("t2"))
        assert journal.forget_errors() == 1
        assert journal.settled() == {"t2"} and journal.wasted("t1", None).attempts == 1


def test_a_transaction_is_all_or_none(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        with pytest.raises(ZeroDivisionError), journal.all_or_none():
            journal.settle("m", answer("t1"))
            raise ZeroDivisionError
        assert journal.settled() == set()


def test_a_second_process_is_not_let_in(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN), pytest.raises(WeighbridgeError, match="another weighbridge process"):
        Journal(tmp_path, PLAN)
    Journal(tmp_path, PLAN).close()


@pytest.mark.parametrize("damage", ["no database at all", "a hole"])
def test_a_damaged_journal_is_said_to_be_one(damage: str, tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        for number in range(200):
            journal.settle("m", answer(f"t{number}", completion="x" * 5000))
    path = tmp_path / NAME
    content = bytearray(path.read_bytes())
    content = bytearray(b"not a database" * 1000) if damage == "no database at all" else content
    content[8192 : len(content) // 2] = b"\xff" * (len(content) // 2 - 8192)
    path.write_bytes(content)
    with pytest.raises(TableCorrupt, match=r"journal\.sqlite: cannot be read as a journal"):
        Journal(tmp_path, PLAN)
    path.unlink()
    Journal(tmp_path, PLAN).close()  # and it holds no lock


def test_a_journal_of_a_later_format_is_not_guessed_at(tmp_path: Path) -> None:
    Journal(tmp_path, PLAN).close()
    with sqlite3.connect(tmp_path / NAME) as other:
        other.execute("UPDATE facts SET value = '99' WHERE name = 'format'")
    other.close()
    with pytest.raises(TableCorrupt, match="format 99"):
        Journal(tmp_path, PLAN)


def test_a_write_is_on_the_disk_before_it_is_told_and_many_share_a_transaction(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        writer = Writer(journal)
        commits: list[str] = []
        journal._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)  # pyright: ignore

        async def write_all() -> None:
            async def one(number: int) -> None:
                await writer.write(lambda journal: journal.settle("m", answer(f"t{number}")))
                with sqlite3.connect(tmp_path / NAME) as reader:
                    found = reader.execute("SELECT count(*) FROM answers WHERE trial = ?", (f"t{number}",)).fetchone()
                reader.close()
                assert found == (1,)

            await asyncio.gather(*[one(number) for number in range(50)])

        asyncio.run(write_all())
        writer.close()
        assert len(journal.settled()) == 50 and len(commits) < 50


def test_a_write_that_fails_fails_for_the_one_who_asked(tmp_path: Path) -> None:
    with Journal(tmp_path, PLAN) as journal:
        writer = Writer(journal)

        async def twice() -> None:
            await writer.write(lambda journal: journal.settle("m", answer("t1")))
            with pytest.raises(sqlite3.IntegrityError):
                await writer.write(lambda journal: journal.settle("m", answer("t1")))
            await writer.write(lambda journal: journal.settle("m", answer("t2")))

        asyncio.run(twice())
        writer.close()
        assert journal.settled() == {"t1", "t2"}
        assert "journal" not in [thread.name for thread in threading.enumerate()]
