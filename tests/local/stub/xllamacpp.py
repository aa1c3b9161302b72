"""Stands in for xllamacpp: a server that is 503 at first and then says what it was started with. No model runs."""

import http.server
import json
import os
import threading
import time


class CommonParams:
    def __init__(self) -> None:
        self.model = type("Model", (), {"path": ""})()
        self.cpuparams = type("Cpu", (), {"n_threads": -1})()
        self.cpuparams_batch = type("Cpu", (), {"n_threads": -1})()
        self.chat_template = ""
        self.antiprompt: list[str] = []


class Server:
    def __init__(self, params: CommonParams) -> None:
        name = os.path.basename(params.model.path)  # noqa: PTH119
        if name == "refuse.gguf":
            print("error: the stub refuses this model", flush=True)  # on standard output, as native code may
            raise RuntimeError("Failed to init server")
        if name == "die.gguf":
            os.kill(os.getpid(), 4)
        ready = time.monotonic() + 0.4

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                waiting = time.monotonic() < ready
                self.send_response(503 if waiting else 200)
                self.end_headers()
                seen = {"alias": list(params.model_alias), "n_ctx": params.n_ctx, "n_parallel": params.n_parallel,
                        "cache_ram_mib": params.cache_ram_mib, "hostnames": params.hostnames,
                        "omp": os.environ.get("OMP_WAIT_POLICY"), "stop": params.antiprompt,
                        "template": params.chat_template}  # fmt: skip
                self.wfile.write(json.dumps(seen).encode())

            def log_message(self, *_: object) -> None: ...

        print("native code prints what it likes", flush=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", params.port), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{server.server_port}"
