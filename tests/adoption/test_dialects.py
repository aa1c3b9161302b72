"""The expression can be said in the SQL of every warehouse that the docs name: compiled here, and not run there."""

from __future__ import annotations

import ibis
import pytest

from weighbridge.adoption import formats
from weighbridge.adoption.usage import faults, totals

TABLES = {
    "litellm-spend": {
        "request_id": "string", "call_type": "string", "spend": "float64", "total_tokens": "int64", "model": "string",
        "prompt_tokens": "int64", "completion_tokens": "int64", "startTime": "timestamp", "metadata": "string",
        "cache_hit": "string", "custom_llm_provider": "string",
    },
    "openrouter-rankings": {
        "date": "date", "model_permaslug": "string", "total_tokens": "int64", "as_of": "timestamp",
    },
}  # fmt: skip


@pytest.mark.parametrize("dialect", ["bigquery", "clickhouse", "snowflake", "postgres"])
@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_expression_compiles_for_every_engine_that_the_docs_name(name: str, dialect: str) -> None:
    long = formats.every()[name].long(ibis.table(TABLES[name], name="log"), "log")
    good = long.filter(long.fault.isnull()).mutate(day=long.time.date()).drop("fault")
    keys = good.mutate(mark=good.key.hash())
    for expression in (faults(long), totals(good), keys.group_by("mark").agg(n=keys.key.count())):
        assert "log" in ibis.to_sql(expression, dialect=dialect)
