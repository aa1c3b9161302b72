"""Asks a local model every request of a requests file and keeps the answers, unchanged, in ``MODEL.json`` beside it.

``python tests/audit/answers/collect.py smollm2 [requests-several-blocks]``. ``test_extract`` reads the answers as text.
Labels (what should be extracted) are in ``labels.toml``, written by hand: after collecting anew they must be looked at.
With ``--time-only`` nothing is kept, and the answers per minute are what it is run for (``docs/local-models.md``).
"""

import concurrent.futures
import datetime
import json
import sys
import time
import tomllib
from pathlib import Path

from openai import OpenAI

from weighbridge.local.known import known
from weighbridge.local.serve import serve

HERE = Path(__file__).parent


def main(name: str, asked: str, *, keep: bool) -> None:
    model = known(name)
    requests = tomllib.loads((HERE / f"{asked}.toml").read_text(encoding="utf-8"))["request"]
    with serve(name, quiet=True) as endpoint:
        client = OpenAI(base_url=endpoint.base_url, api_key="none", timeout=600)

        def ask(number: int) -> dict[str, object]:
            request = requests[number]
            messages = [{"role": "user", "content": request["prompt"]}]
            if "system" in request:
                messages.insert(0, {"role": "system", "content": request["system"]})
            answer = client.chat.completions.create(
                model=endpoint.model,
                messages=messages,  # pyright: ignore[reportArgumentType]
                temperature=0.7,
                seed=number,
                max_tokens=request.get("max_tokens", 700),
            )
            tokens.append(answer.usage.completion_tokens if answer.usage else 0)
            print(request["id"], answer.choices[0].finish_reason, flush=True)
            return {
                "id": request["id"],
                "completion": answer.choices[0].message.content,
                "stop_reason": answer.choices[0].finish_reason,
            }

        tokens: list[int] = []
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, range(len(requests))))
        minutes = (time.monotonic() - started) / 60
        memory = Path(f"/proc/{endpoint.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    print(f"{model.title}: {len(answers)} answers in {60 * minutes:.0f} s: {len(answers) / minutes:.1f} a minute,"
          f" {sum(tokens) / minutes / 60:.0f} tokens a second, {sum(tokens) / len(tokens):.0f} tokens an answer,"
          f" {int(memory) / 1e6:.2f} GB at most")  # fmt: skip
    if not keep:
        return
    kept = {
        "model": model.name,
        "file_sha256": model.sha256,
        "date": datetime.date.today().isoformat(),
        "temperature": 0.7,
        "answers": answers,
    }
    kept_as = model.name + asked.removeprefix("requests")
    (HERE / f"{kept_as}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    main(words[0], *(words[1:] or ["requests"]), keep="--time-only" not in sys.argv)
