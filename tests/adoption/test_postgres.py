"""A table in Postgres reads like its export: against a server that is started here and stopped again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from weighbridge import adoption
from weighbridge.errors import DataError

from . import logs


def program(name: str) -> str | None:
    """On the PATH, or where Debian puts a server's programs."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return shutil.which(name) or (str(there[-1]) if there else None)


INITDB, PG_CTL = program("initdb"), program("pg_ctl")
pytestmark = pytest.mark.skipif(
    not (INITDB and PG_CTL and shutil.which("psql")),
    reason="needs a Postgres server's programs (initdb, pg_ctl, psql): apt-get install postgresql",
)
TABLE = """
ALTER DATABASE postgres SET timezone = 'Asia/Shanghai';
ALTER DATABASE postgres SET datestyle = 'German';
CREATE TABLE "LiteLLM_SpendLogs" (request_id text PRIMARY KEY, call_type text NOT NULL, api_key text, spend float8,
    total_tokens int, prompt_tokens int, completion_tokens int, "startTime" timestamp(3), "endTime" timestamptz,
    model text, custom_llm_provider text, metadata jsonb, cache_hit text, request_tags jsonb, "user" text);
CREATE TABLE "empty" AS SELECT * FROM "LiteLLM_SpendLogs";
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="weighbridge-postgres-"))
    become: list[str] = []
    if os.geteuid() == 0:
        # Postgres does not run as root.
        if not shutil.which("setpriv"):
            pytest.skip("Postgres does not run as root, and there is no setpriv to run it as another user")
        become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        os.chown(folder, 65534, 65534)

    def run(*command: str) -> None:
        subprocess.run([*become, *command], check=True, capture_output=True, cwd="/", timeout=120)

    try:
        run(str(INITDB), "-D", f"{folder}/data", "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        # Its output goes to a file, or pg_ctl's caller would wait for the server's end.
        subprocess.run([*become, str(PG_CTL), "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o",
                        f"-k {folder} -h '' -F", "start"], check=True, cwd="/", timeout=120,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            address = f"postgresql://tester:secret@/postgres?host={folder}"
            rows = "".join(
                f"INSERT INTO \"LiteLLM_SpendLogs\" VALUES ('{row['request_id']}', 'acompletion', 'hash', "
                f"{row['spend']}, {row['total_tokens']}, {row['prompt_tokens']}, {row['completion_tokens']}, "
                f"TIMESTAMP '{row['startTime'][:19]}', NULL, '{row['model']}', 'openrouter', '{row['metadata']}', "
                f"'False', '[\"a, \\\"quoted\\\"\", \"b\"]', E'u\\n1');\n"
                for row in logs.litellm_spend()
            )
            subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address], check=True, input=TABLE + rows,
                           text=True, capture_output=True, timeout=60)  # fmt: skip
            yield address
        finally:
            run(str(PG_CTL), "-D", f"{folder}/data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_table_in_postgres_gives_the_totals_of_its_export(server: str, tmp_path: Path) -> None:
    exported = logs.write(logs.litellm_spend(), tmp_path / "export.csv")
    with adoption.read([f"{server}#LiteLLM_SpendLogs"]) as ours, adoption.read([exported]) as theirs:
        assert ours.accounts[0].format == "litellm-spend"
        assert ours.days.equals(theirs.days)
        assert "secret" not in ours.accounts[0].path


def test_a_table_without_rows_is_said_and_a_wrong_name_is_an_error_without_the_password(server: str) -> None:
    with adoption.read([f"{server}#empty"]) as usage:
        assert [remark.kind for remark in usage.remarks] == ["empty"]
    with pytest.raises(DataError, match='relation "LiteLLM_Spend" does not exist') as caught:
        adoption.read([f"{server}#LiteLLM_Spend"]).__enter__()
    assert "secret" not in str(caught.value)
    with pytest.raises(DataError, match="name the table after a '#'"):
        adoption.read([server]).__enter__()


def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(DataError, match=r"Postgres says: .*onnect"):
        adoption.read(["postgresql://nobody@127.0.0.1:9/none#LiteLLM_SpendLogs"]).__enter__()
