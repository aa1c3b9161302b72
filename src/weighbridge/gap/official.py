"""Where do the publishers keep their ratings, and how are they fetched?

For machines that have a network: Arena's dataset from Hugging Face and Epoch's index from its site, at the addresses of
``addresses.toml``, into a folder, so that the same file can be measured again without a network and named in a report.
"""

import tomllib
import urllib.error
import urllib.request
from pathlib import Path

from weighbridge.errors import DataError, UnknownName

ADDRESSES = Path(__file__).with_name("addresses.toml")


def names() -> list[str]:
    """The publishers whose addresses are known."""
    return sorted(tomllib.loads(ADDRESSES.read_text()))


def default_board(publisher: str) -> str | None:
    """The board that is meant where none is named; None where the publisher has only one."""
    return _entry(publisher).get("board")


def fetch(publisher: str, folder: Path, *, configuration: str | None = None, address: str | None = None) -> Path:
    """Fetches the ratings of ``publisher`` into ``folder`` and returns the file.

    ``configuration`` chooses among Arena's leaderboards (text, text_style_control …), ``address`` replaces the known
    one: a URL, or for Arena the endpoint of a Hugging Face mirror. Raises ``DataError`` where it cannot be fetched.
    """
    entry = _entry(publisher)
    folder.mkdir(parents=True, exist_ok=True)
    if "repository" in entry:
        chosen = configuration or entry["configuration"]
        return _from_hub(entry, entry["file"].format(configuration=chosen), folder, address)
    return _from_web(address or entry["url"], folder / f"{publisher}.csv")


def _entry(publisher: str) -> dict[str, str]:
    table = tomllib.loads(ADDRESSES.read_text())
    if publisher not in table:
        raise UnknownName(f"no address is known for '{publisher}' (known: {', '.join(sorted(table))})")
    return table[publisher]


def _from_hub(entry: dict[str, str], file: str, folder: Path, endpoint: str | None) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            hf_hub_download(entry["repository"], file, repo_type="dataset", local_dir=folder, endpoint=endpoint)
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{entry['title']}: {entry['repository']}/{file} could not be fetched ({why}); "
            f"fetch the file from {entry['source']} and give it with --ratings"
        ) from None


def _from_web(url: str, target: Path) -> Path:
    if not url.startswith(("https://", "http://")):
        raise DataError(f"--address '{url}' is no web address; begin it with https://")
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            body: bytes = answer.read()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise DataError(
            f"{url} could not be fetched ({error}); fetch it by hand and give the file with --ratings"
        ) from None
    if b"," not in body[:4096] or body.lstrip()[:1] == b"<":
        raise DataError(
            f"{url} did not answer with a table; the publisher may have moved it: give the new address with --address"
        )
    beside = target.with_suffix(target.suffix + ".part")
    beside.write_bytes(body)
    beside.replace(target)
    return target
