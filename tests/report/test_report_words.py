"""A figure is said once, everywhere alike: unknown is never zero, and an interval has both its ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from weighbridge.report import words

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.percent(0.123), "12%"),
        (words.percent(0.0), "0%"),
        (words.percent(1.0), "100%"),
        (words.percent(0.034), "3.4%"),
        (words.percent(0.0001), "< 0.1%"),
        (words.percent(0.9999), "> 99.9%"),
        (words.percent(None), "–"),
        (words.percent(NAN), "–"),
        (words.percent_interval(0.1, 0.25), "10–25%"),
        (words.percent_interval(0.001, 0.05), "0.1–5.0%"),
        (words.percent_interval(None, 0.25), "–"),
        (words.points(0.125), "+12"),
        (words.points(-0.034), "−3.4"),
        (words.points(0.0), "0.0"),
        (words.points(-0.0001), "0.0"),
        (words.points(None), "–"),
        (words.points_interval(-0.03, 0.5), "−3.0 to +50"),
        (words.points_interval(0.1, NAN), "–"),
        (words.points_size(0.05), "5 percentage points"),
        (words.points_size(0.025), "2.5 percentage points"),
        (words.change(1.25, "lines"), "+1.2"),
        (words.change(0.125, "exploitable"), "+12"),
        (words.amount(41.25, "lines"), "41.2"),
        (words.amount(0.4, "sound"), "40%"),
        (words.ratio(INF), "∞"),
        (words.ratio(1.318), "1.32"),
        (words.ratio_interval(0.0, INF), "0.00 to ∞"),
        (words.p_value(0.0004), "< 0.001"),
        (words.p_value(0.04), "0.040"),
        (words.p_value(None), "–"),
        (words.dollars(None), "unknown"),
        (words.dollars(0.0), "$0.00"),
        (words.dollars(1234.5), "$1,234.50"),
        (words.dollars(0.0042), "$0.0042"),
        (words.dollars(1.5, 3), "at least $1.50 (3 answers without a known price)"),
        (words.tokens(None), "unknown"),
        (words.tokens(1234, 0), "1,234"),
        (words.tokens(10, 1), "at least 10 (1 answer uncounted)"),
        (words.count(1234567), "1,234,567"),
        (words.many(1, "task"), "1 task"),
        (words.many(0, "task"), "0 tasks"),
        (words.listing([]), ""),
        (words.listing(["a"]), "a"),
        (words.listing(["a", "b", "c"]), "a, b and c"),
        (words.listing("abcdef", 2), "a, b and 4 more"),
        (words.context("us_defence/army"), "US defence: army"),
        (words.context("mirror/united_kingdom"), "mirror: United Kingdom"),
        (words.context("neutral"), "neutral"),
        (words.outcome("exploitable_unseen"), "exploitable, unseen by the panel"),
        (words.verdict_short("no difference larger than the margin"), "no difference > margin"),
        (words.verdict_short(None), "–"),
        (words.seconds(4.25), "4.2 s"),
        (words.seconds(None), "–"),
        (words.moment(None), "unknown"),
        (words.span(None, None), "unknown"),
        (
            words.span(datetime(2026, 11, 25, 9, 0, tzinfo=UTC), datetime(2026, 11, 25, 10, 5, tzinfo=UTC)),
            "2026-11-25, 09:00 to 10:05 UTC",
        ),
    ],
)
def test_a_figure_is_said_like_this(said: str, expected: str) -> None:
    assert said == expected
