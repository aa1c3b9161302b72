"""How long does an inventory of a large tree take? Generates a tree, surveys it, prints a table, and checks what was
found.

nice -n 10 uv run python bench/inventory.py --files 100000

The tree is like a monorepo: half source code of 1 to 12 kB in six languages, a fifth configuration, the rest prose,
pictures and data, a few very large files; one file in 200 uses a model, at a known place, so that the count can be
checked.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

WORDS = [
    "value",
    "index",
    "count",
    "result",
    "error",
    "model",
    "step",
    "command",
    "state",
    "engine",
    "request",
    "response",
    "token",
    "session",
    "user",
    "table",
]
USES = {
    ".py": 'r = client.create(model="gpt-4o")',
    ".ts": "const m = openai('claude-3-opus-20240229');",
    ".go": 'cfg.Model = "deepseek-chat"',
    ".java": 'builder.modelName("qwen-max");',
    ".yaml": "model: mistral-large-latest",
    ".json": '{"model": "gemini-1.5-pro"}',
}
KINDS = (
    [".py"] * 20
    + [".ts"] * 15
    + [".go"] * 8
    + [".java"] * 7
    + [".yaml"] * 8
    + [".json"] * 12
    + [".md"] * 12
    + [".png"] * 10
    + [".csv"] * 8
)


def line(kind: str, pick: random.Random) -> str:
    a, b, c = pick.choices(WORDS, k=3)
    if kind == ".py":
        return f'    {a}_{b} = {c}.get("{a}-{b}", {pick.randrange(999)})  # the {c} of the {a}'
    if kind == ".yaml":
        return f"{a}_{pick.randrange(999)}: {b}-{c}  # {a}"
    if kind == ".json":
        return f'"{a}{pick.randrange(999)}": "{b} {c}",'
    return f'    const {a} = {b}.{c}("{a}-{b}", {pick.randrange(999)}); // {c}'


def grow(root: Path, files: int, seed: int) -> tuple[int, int]:
    """The tree; gives bytes written and the number of uses planted."""
    pick = random.Random(seed)
    blocks = {kind: ["\n".join(line(kind, pick) for _ in range(20)) + "\n" for _ in range(40)] for kind in set(KINDS)}
    size = uses = 0
    for number in range(files):
        folder = root / f"p{number // 2000:03}" / f"m{number // 50 % 40:02}"
        if number % 50 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        kind = pick.choice(KINDS)
        text = "".join(pick.choices(blocks[kind], k=pick.randrange(1, 12)))
        if kind in USES and pick.random() < 1 / 140:
            text, uses = f"{text}\n{USES[kind]}\n", uses + 1
        with open(folder / f"f{number}{kind}", "w") as file:  # noqa: PTH123
            size += file.write(text)
    return size, uses


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--files", type=int, default=100_000)
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked.add_argument("--seed", type=int, default=20261125)
    options = asked.parse_args()

    from weighbridge import catalog
    from weighbridge.inventory.survey import survey

    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        size, uses = grow(Path(folder), options.files, options.seed)
        print(
            f"tree: {options.files:,} files, {size / 1e6:,.0f} MB, {uses} uses, {time.monotonic() - began:.0f} s to grow"  # noqa: E501
        )
        book = catalog.load()
        before = os.times()
        found = survey([Path(folder)], book, workers=options.workers)
        after = os.times()
        cpu = sum(after[:4]) - sum(before[:4])
        print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")
        print("| files | read | workers | seconds | CPU seconds | files/s | uses planted | uses found |")
        print("|---|---|---|---|---|---|---|---|")
        rate = options.files / found.seconds
        print(
            f"| {options.files:,} | {found.files:,} | {options.workers} | {found.seconds:.1f} | {cpu:.1f} "
            f"| {rate:,.0f} | {uses} | {len(found.counted)} |"
        )


if __name__ == "__main__":
    main()
