"""The process that holds a model: llama.cpp's own OpenAI-compatible server, in xllamacpp, on loopback.

Started by ``serve`` and by nothing else (``python -m weighbridge.local.llama SETTINGS``, SETTINGS being JSON). It is a
process of its own because OpenMP reads its environment once, before the first thread, and because native code that dies
must not take an audit with it. Standard output carries one line of JSON, the address; all logs go to standard error.
"""

import importlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any

_SECONDS_BETWEEN_LOOKS = 0.5


def main(settings: dict[str, Any]) -> None:
    """Serves until it is told to stop or its parent is gone. Keys of ``settings``: see ``serve._settings``."""
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # llama.cpp prints where it likes; the line that the parent waits for stays alone
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=_end_with_parent, args=(settings["parent"],), daemon=True).start()

    xllamacpp: Any = importlib.import_module("xllamacpp")  # compiled, without type stubs; only now: see above
    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = {settings["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.n_parallel = settings["parallel"]
    params.n_ctx = settings["parallel"] * settings["context_tokens"]  # divided among the slots
    params.kv_unified = False
    params.fit_params = False  # the context is what we say, not what llama.cpp thinks fits
    params.cache_ram_mib = 0  # its default is 8 GiB of old prompts
    params.cache_idle_slots = False  # needs that cache
    params.cache_prompt = settings["cache_prompt"]
    params.n_threads_http = settings["parallel"] + 4
    params.ui = False
    params.endpoint_slots = False
    params.cors_origins = ""  # a web page that the user has open has no business here
    params.verbosity = 2
    if settings["threads"]:
        params.cpuparams.n_threads = settings["threads"]
        params.cpuparams_batch.n_threads = settings["threads"]
    if settings["template"]:
        params.chat_template = settings["template"]
        params.use_jinja = True
    if settings["stop"]:
        params.antiprompt = settings["stop"]
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as why:
        sys.exit(f"llama.cpp: {why}")
    report.write(json.dumps({"address": server.listening_address}) + "\n")
    report.flush()
    while True:
        signal.pause()


def _end_with_parent(parent: int) -> None:
    """A killed parent cannot tell its children: they look whether it is still there."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
