"""Which model does this command line fetch, serve or ask? In shells, Dockerfiles, scripts of CI and lists of
arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = r"[\"']?([A-Za-z][\w.\-/:@]*)"
_FETCHES = (
    ("ollama pull", re.compile(rf"\bollama\s+(?:pull|run|create|show|push|cp)\s+{_WORD}")),
    ("vllm serve", re.compile(rf"\b(?:vllm|sglang)\s+serve\s+{_WORD}")),
    ("hub download", re.compile(rf"\b(?:huggingface-cli|hf|modelscope)\s+download\s+(?:--(?:model|token)\s+)?{_WORD}")),
    (
        "llama.cpp",
        re.compile(r"\bllama-(?:server|cli|bench)\b[^;&|]*?\s(?:-hf|-hfr|--hf-repo|-m|--model)[=\s]+[\"']?(\S+)"),
    ),
    ("mlx", re.compile(rf"\bmlx_lm[.\s]\w+\b[^;&|]*?\s--model[=\s]+{_WORD}")),
    ("docker model", re.compile(rf"\bdocker\s+model\s+(?:pull|run)\s+{_WORD}")),
    ("lms", re.compile(rf"\blms\s+(?:get|load)\s+{_WORD}")),
    (
        "loaded",
        re.compile(
            r"\b(?:from_pretrained|SentenceTransformer|CrossEncoder|snapshot_download|TextEmbedding)\(\s*\\?[\"']([A-Za-z][\w.\-/]*)"
        ),
    ),
    ("llm", re.compile(rf"(?:^|\s)(?:llm|mods|aichat)\s+(?:[^;&|]*?\s)?-m\s+{_WORD}")),
)
CERTAIN = frozenset({"ollama pull", "vllm serve", "hub download", "docker model", "from", "loaded"})
"""Commands whose argument is a model whatever it is called."""

_OPTION = re.compile(
    r"(?:^|\s)--?(?:model|model[-_](?:path|id|name|name-or-path)|hf[-_]repo|hf|repo[-_]id|base[-_]model|served-model-name|embedding-model|weak-model|editor-model)[=\s]+[\"']?([A-Za-z./][\w.\-/:@]*)"
)
_BODY = re.compile(r"\\?[\"'](?:model|model_?[iI]d|modelName|deployment)\\?[\"']\s*:\s*\\?[\"']([^\"'\\\s]+)")
_SPEAKS = re.compile(
    r"^\s*(?:@?-?echo|printf|Write-Host|Write-Output|print|cat|#|//|log|info|warn|die|error)\b", re.IGNORECASE
)
_STARTS = re.compile(
    r"^\s*(?:exec |sudo |nohup |nice |time |docker (?:compose )?exec \S+ |!|python3? -m |uvx? (?:run )?)?"
    r"(?:ollama|vllm|sglang|huggingface-cli|hf|llama-(?:server|cli)|mlx_lm|docker model|lms|llm|--model|-hf)\b"
)


def models(text: str, *, anywhere: bool) -> Iterator[tuple[str, str]]:
    """``(name, how)`` for each model of a command line. In a string of code only a string that is a command counts
    (``anywhere`` False): what is said to a reader about commands is prose."""
    for body in _BODY.finditer(text):
        yield body.group(1), "model of a request"
    if not anywhere and not _STARTS.match(text):
        return
    for part in re.split(r"&&|\|\||;|\|", text):
        if _SPEAKS.match(re.sub(r"^\s*(?:RUN|CMD|ENTRYPOINT)\s+", "", part)):
            continue
        # Lists of arguments as Dockerfiles write them: ["vllm", "serve", "Qwen/…"]
        plain = re.sub(r"[\"']\s*,\s*[\"']", " ", part)
        seen: set[str] = set()
        for how, pattern in _FETCHES:
            for found in pattern.finditer(plain):
                seen.add(found.group(1))
                yield found.group(1).rstrip("\"'])"), how
        for found in _OPTION.finditer(plain.replace('["', " ").replace("['", " ")):
            if found.group(1) not in seen:
                yield found.group(1), "model"
