"""``weighbridge review``: a model as reviewer of every distinct program, its cost, and how far it is to be believed.

Off by default: no other command calls it. Without ``--model`` nothing is asked, and what was said before is shown.
"""

from __future__ import annotations

import json as json_
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.options import AsJson, RunFolder, Yes, confirm, print_json

if TYPE_CHECKING:
    from weighbridge.audit.plan import Model

HELP = """Ask a model whether each distinct program is vulnerable, as one more instrument beside the static analysers.

Works on a judged run and on a collection. Before anything is sent it prints programs, tokens and dollars, and asks.
What the reviewer says is never a verdict: its agreement with attacks that worked is measured and printed, and with
`--rates` rates over answers that nobody attacked are corrected by it (prediction-powered inference). Killed, it goes on
where it was; no answer is paid for twice. Programs are sent to the endpoint that you name: see that you may.

    weighbridge review --run DIR --model deepseek-chat --base-url https://api.deepseek.com/v1 --api-key-env DEEPSEEK_KEY

    weighbridge review --run TWINS --twins --provider local --model qwen-0.5b --sample 50 --probe 10

    weighbridge review --run DIR --rates        (asks nothing: shows what is there)
"""

Reviewer = Annotated[
    str, typer.Option("--model", help="The model's name at its endpoint. Without it nothing is asked.")
]
Name = Annotated[str, typer.Option("--name", help="Its name in the tables; by default the model's.")]
Provider = Annotated[
    str, typer.Option("--provider", help="openai (any compatible endpoint), local, inspect, specimen.")
]
BaseUrl = Annotated[str, typer.Option("--base-url", help="The endpoint, such as http://127.0.0.1:8000/v1.")]
KeyEnv = Annotated[str, typer.Option("--api-key-env", help="The environment variable that holds the key.")]
Sample = Annotated[
    int | None,
    typer.Option("--sample", min=1, help="Review so many programs, a random part of every task. Default: all."),
]
Seed = Annotated[int, typer.Option("--seed", help="Of the sample. A larger sample of the same seed holds the smaller.")]
Dollars = Annotated[float | None, typer.Option("--max-dollars", help="Stop before this is spent, over all calls.")]
Tokens = Annotated[int | None, typer.Option("--max-tokens", min=1, help="The same in tokens.")]
PriceIn = Annotated[
    float | None, typer.Option("--price-in", help="Dollars per million input tokens, if you know better.")
]
PriceOut = Annotated[float | None, typer.Option("--price-out", help="Dollars per million output tokens.")]
Answer = Annotated[
    int, typer.Option("--answer-tokens", min=16, help="The most one answer may have, reasoning included.")
]
Temperature = Annotated[float, typer.Option("--temperature", help="Below 0: not sent, for models that refuse it.")]
Extra = Annotated[
    str, typer.Option("--extra", help='Further fields of the request, as JSON: {"reasoning_effort": "low"}.')
]
AtOnce = Annotated[int, typer.Option("--concurrency", min=1, max=1000, help="Requests at once.")]
Longest = Annotated[
    int | None,
    typer.Option("--longest", min=1, help="Characters above which a program is not sent. Default 100000, local 24000."),
]
ErrorsAgain = Annotated[bool, typer.Option("--errors-again", help="Ask those of class *error* once more.")]
Probe = Annotated[
    int,
    typer.Option("--probe", min=0, help="Show so many programs that it flags again, with comments that deny the flaw."),
]
Twins = Annotated[
    bool,
    typer.Option("--twins", help="Begin with the suite's own programs, whose flaws are proved, in a new --run folder."),
]
Rates = Annotated[bool, typer.Option("--rates", help="Also show the rate of exploitable answers of each model.")]


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def review(
        run: RunFolder,
        model: Reviewer = "",
        twins: Twins = False,
        name: Name = "",
        provider: Provider = "openai",
        base_url: BaseUrl = "",
        api_key_env: KeyEnv = "",
        sample: Sample = None,
        seed: Seed = 0,
        max_dollars: Dollars = None,
        max_tokens: Tokens = None,
        price_in: PriceIn = None,
        price_out: PriceOut = None,
        answer_tokens: Answer = 4096,
        temperature: Temperature = 0.0,
        extra: Extra = "",
        concurrency: AtOnce = 8,
        longest: Longest = None,
        errors_again: ErrorsAgain = False,
        probe: Probe = 0,
        rates: Rates = False,
        yes: Yes = False,
        json: AsJson = False,
    ) -> None:
        from weighbridge.audit.review.prepare import configured, prepare
        from weighbridge.audit.review.probe import probe as probe_it
        from weighbridge.audit.review.probe import probes
        from weighbridge.audit.review.review import review as ask_all
        from weighbridge.audit.review.twins import collect_twins
        from weighbridge.cli.progress import Bars
        from weighbridge.cli.review_tables import (
            asking,
            cost,
            show_agreement,
            show_cost,
            show_outlook,
            show_probes,
            show_rates,
        )
        from weighbridge.store.tables import open_run

        opened = collect_twins(run) if twins else open_run(run)
        facts: dict[str, Any] = {}
        if model:
            priced = _price(price_in, price_out)
            who = configured(
                name=name or model,
                provider=provider,
                model=model,
                base_url=base_url or None,
                api_key_env=api_key_env or None,
                sampling={
                    "temperature": None if temperature < 0 else temperature,
                    "max_tokens": answer_tokens,
                    "extra": _extra(extra),
                },
                limits={"concurrency": concurrency},
                price=priced,
            )
            budget = _budget(max_dollars, max_tokens)
            with opened.alone():
                ready = prepare(opened, who, sample=sample, seed=seed, longest=longest)
                show_outlook(ready.outlook, probe * len(probes()))
                if (ready.outlook.to_ask or probe) and who.provider in {"openai", "inspect"}:
                    confirm(f"Send {ready.outlook.to_ask} programs to {who.base_url or who.model} now?", yes)
                _fetch(who)
                with Bars() as bars:
                    done = ask_all(ready, budget=budget, errors_again=errors_again, progress=asking(bars))
                    probed = None
                    if probe:
                        probed = probe_it(ready, probe, budget=budget, progress=asking(bars, "probe"))
            show_cost(done, who.name, probed)
            facts = {"outlook": asdict(ready.outlook), "cost": cost(done, probed)}
        shown = _figures(run, rates)
        if json:
            print_json({**facts, **{key: value for key, value in shown.items() if key != "frames"}})
        else:
            show_agreement(shown["frames"]["agreement"], shown["broken_called_vulnerable"])
            show_probes(shown["probes"])
            if rates:
                show_rates(shown["frames"]["rates"], shown["chance"])


def _price(price_in: float | None, price_out: float | None) -> dict[str, float] | None:
    from weighbridge.errors import PlanError

    if price_in is None and price_out is None:
        return None
    if price_in is None or price_out is None:
        raise PlanError("give both --price-in and --price-out (dollars per million tokens)")
    return {"input": price_in, "output": price_out}


def _budget(dollars: float | None, tokens: int | None) -> Any:
    from weighbridge.audit.plan import Budget
    from weighbridge.errors import PlanError

    if dollars is not None and dollars <= 0:
        raise PlanError(f"--max-dollars {dollars:g}: give more than 0")
    return Budget(dollars=dollars, tokens=tokens)


def _extra(text: str) -> dict[str, Any]:
    from weighbridge.errors import PlanError

    if not text:
        return {}
    try:
        found = json_.loads(text)
    except ValueError as error:
        raise PlanError(f"--extra: is not JSON ({error}); write an object such as '{{\"top_k\": 1}}'") from error
    if not isinstance(found, dict):
        raise PlanError("--extra: must be a JSON object, such as '{\"top_k\": 1}'")
    return found


def _fetch(who: Model) -> None:
    if who.provider == "local" and not who.model.endswith(".gguf") and "/" not in who.model:
        from weighbridge.local.fetch import fetch

        fetch(who.model)


def _figures(folder: Any, with_rates: bool) -> dict[str, Any]:
    from weighbridge.audit.review.agreement import agreement, broken_called_vulnerable
    from weighbridge.audit.review.probe import turned
    from weighbridge.audit.review.rates import rates
    from weighbridge.audit.truth import truth
    from weighbridge.store.tables import open_run

    run = open_run(folder)
    known, reviews = truth(run), run.read("reviews", step="review --model NAME")
    agreed = agreement(known, reviews)
    broken = broken_called_vulnerable(known, reviews)
    found: dict[str, Any] = {
        "reviewers": run.facts("reviews").get("reviewers", {}),
        "agreement": agreed.to_dicts(),
        "broken_called_vulnerable": {who: {"called": yes, "of": of} for who, (yes, of) in broken.items()},
        "frames": {"agreement": agreed},
    }
    turns = turned(run.read("probes")) if run.has("probes") else {}
    found["probes"] = {
        who: {name: {"turned": yes, "of": of} for name, (yes, of) in rows.items()} for who, rows in turns.items()
    }
    if with_rates:
        table, chances = rates(known, reviews)
        found["rates"] = table.to_dicts()
        found["chance"] = {
            who: {"words": chance.words, "p": chance.p, "unproved": chance.unproved} for who, chance in chances.items()
        }
        found["frames"]["rates"] = table
    return found
