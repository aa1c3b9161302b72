"""``weighbridge serve-model NAME``: serve a known local model over an OpenAI-compatible endpoint on loopback."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    @app.command("serve-model", help="Serve a known local model (or a GGUF file) on loopback for your own plans.")
    def serve_model(
        model: Annotated[str, typer.Argument(help="qwen-0.5b, qwen-1.5b, smollm2, gemma-270m-base, or a GGUF file.")],
        port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8080,
        parallel: Annotated[int, typer.Option(help="Requests answered at once.", min=1)] = 4,
        context: Annotated[int, typer.Option(help="Tokens of context for each request.", min=256)] = 4096,
    ) -> None:
        from weighbridge.local.serve import serve_in_foreground

        serve_in_foreground(model, port=port, parallel=parallel, context_tokens=context)
