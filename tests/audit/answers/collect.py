"""Asks a local model every request of ``requests.toml`` and keeps the answers, unchanged, in ``MODEL.json``.

``python tests/audit/answers/collect.py smollm2``. The answers are read as text by ``test_extract``, never run.
Labels (what should be extracted) are in ``labels.toml``, written by hand: after collecting anew they must be looked at.
"""

import concurrent.futures
import datetime
import json
import sys
import tomllib
from pathlib import Path

from openai import OpenAI

from weighbridge.local.known import known
from weighbridge.local.serve import serve

HERE = Path(__file__).parent


def main(name: str) -> None:
    model = known(name)
    requests = tomllib.loads((HERE / "requests.toml").read_text(encoding="utf-8"))["request"]
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
            print(request["id"], answer.choices[0].finish_reason, flush=True)
            return {
                "id": request["id"],
                "completion": answer.choices[0].message.content,
                "stop_reason": answer.choices[0].finish_reason,
            }

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, range(len(requests))))
    kept = {
        "model": model.name,
        "file_sha256": model.sha256,
        "date": datetime.date.today().isoformat(),
        "temperature": 0.7,
        "answers": answers,
    }
    (HERE / f"{model.name}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
