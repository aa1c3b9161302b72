"""How long does an inventory of a large tree take? Grows a tree, surveys it, prints a table, and checks what was found.

nice -n 10 uv run python bench/inventory.py --files 10000 100000
nice -n 10 uv run python bench/inventory.py --files 10000 --against be2eac9

The tree is like a fleet's: copies of the source files that are installed beside this interpreter (code in a dozen
languages, configuration, data, binaries, a few very large files), and in one file of 200 a labelled case of
tests/inventory/corpus, whose uses must be found there, no more and no fewer than in the case alone. ``--against``
surveys the same tree with the sources of an older revision, in turns with this one's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
LARGEST = 4 << 20
"""Bytes of the largest file that is copied: 100,000 files should fit on a disk."""


def sources(pick: random.Random, limit: int) -> list[Path]:
    """Files of the installed packages, in an order of their own; bytecode and links left out."""
    found: list[Path] = []
    for folder, folders, names in os.walk(sysconfig.get_paths()["purelib"]):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = Path(folder, name)
            if not path.is_symlink() and path.stat().st_size <= LARGEST:
                found.append(path)
    pick.shuffle(found)
    return found[:limit]


def planted() -> list[tuple[str, str]]:
    """File name and text of each case of the corpus that stands in a file of its own."""
    sys.path.insert(0, str(HERE / "tests" / "inventory"))
    import labelled  # pyright: ignore[reportMissingImports]

    return [(case.file, case.text) for case in labelled.cases() if "/" not in case.file]


def grow(root: Path, files: int, seed: int) -> tuple[int, dict[str, int]]:
    """The tree; gives bytes written, and for each planted file the number of its case."""
    pick = random.Random(seed)
    every, cases = sources(pick, files), planted()
    size, at = 0, dict[str, int]()
    for number in range(files):
        folder = root / f"r{number // 2000:03}" / f"m{number // 50 % 40:02}"
        if number % 50 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        if number % 200 == 199:
            case = number // 200 % len(cases)
            (folder / "planted").mkdir()
            path = folder / "planted" / cases[case][0]
            path.write_text(cases[case][1], "utf-8")
            at[str(path.relative_to(root))] = case
        else:
            path = every[number % len(every)]
            raw = path.read_bytes()
            (folder / f"{number}-{path.name}").write_bytes(raw)
            size += len(raw)
    return size, at


def alone(root: Path) -> dict[int, list[tuple[str, int, str]]]:
    """What each case gives by itself."""
    from weighbridge import catalog
    from weighbridge.inventory.survey import survey

    found: dict[int, list[tuple[str, int, str]]] = {}
    for number, (name, text) in enumerate(planted()):
        (root / f"{number}").mkdir(parents=True)
        (root / f"{number}" / name).write_text(text, "utf-8")
        found[number] = []
    for hit in survey([root], catalog.load()).counted:
        found[int(hit.file.split("/")[0])].append((hit.kind, hit.line, hit.name))
    return found


ONE_RUN = """
import json, os, sys, time
from pathlib import Path
from weighbridge import catalog
from weighbridge.inventory.survey import survey
if __name__ == "__main__":
    began = time.monotonic()
    found = survey([Path(sys.argv[1])], catalog.load(), workers=int(sys.argv[2]))
    spent = os.times()
    print(json.dumps({
        "seconds": time.monotonic() - began, "cpu": sum(spent[:4]), "read": found.files,
        "hits": [(h.file, h.kind, h.line, h.name) for h in found.counted],
    }))
"""


def run(tree: Path, workers: int, source: Path, scratch: Path) -> dict[str, Any]:
    """One survey in a process of its own, with the package of ``source``; its clock starts after the imports."""
    script = scratch / "one_run.py"
    script.write_text(ONE_RUN)
    done = subprocess.run(
        [sys.executable, str(script), str(tree), str(workers)],
        env={**os.environ, "PYTHONPATH": str(source)}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--files", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked.add_argument("--against", help="a revision whose sources survey the same tree")
    asked.add_argument("--seed", type=int, default=20261125)
    options = asked.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        versions = {"now": HERE / "src"}
        if options.against:
            old = scratch / "old"
            old.mkdir()
            archive = subprocess.run(
                ["git", "-C", str(HERE), "archive", options.against, "src"], stdout=subprocess.PIPE, check=True
            )
            subprocess.run(["tar", "-x", "-C", str(old)], input=archive.stdout, check=True)
            versions[options.against] = old / "src"
        expected = alone(scratch / "alone")
        print("| files | MB | read | version | workers | seconds | CPU seconds | files/s | planted, right | load |")
        print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
        for files in options.files:
            tree = scratch / f"tree{files}"
            size, at = grow(tree, files, options.seed)
            for version, source in versions.items():
                found = run(tree, options.workers, source, scratch)
                seen: dict[str, list[tuple[str, int, str]]] = {path: [] for path in at}
                for file, kind, line, name in found["hits"]:
                    if file in seen:
                        seen[file].append((kind, line, name))
                right = sum(sorted(seen[path]) == sorted(expected[case]) for path, case in at.items())
                seconds, cpu = found["seconds"], found["cpu"]
                print(
                    f"| {files:,} | {size / 1e6:,.0f} | {found['read']:,} | {version} | {options.workers} "
                    f"| {seconds:.1f} | {cpu:.1f} | {files / seconds:,.0f} | {right} of {len(at)} "
                    f"| {os.getloadavg()[0]:.1f} |",
                    flush=True,
                )
            subprocess.run(["rm", "-rf", str(tree)], check=True)


if __name__ == "__main__":
    main()
