"""What lies beside weights: ``config.json``, adapters, tokenizers, and the folders and lists of local model stores.

``_name_or_path`` and ``base_model_name_or_path`` name weights; an architecture does not: half the world's models are
``LlamaForCausalLM``, so it is a hint of the family and never a maker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from weighbridge.inventory.detectors import config
from weighbridge.inventory.hits import Mention, Wanted

NAMES = (
    "config.json",
    "adapter_config.json",
    "generation_config.json",
    "params.json",
    "config_sentence_transformers.json",
)
ALWAYS = True
_WEIGHTS_KEYS = {"_name_or_path", "base_model_name_or_path", "base_model", "parent_model", "_base_model"}
_ARCHITECTURE_KEYS = {"architectures", "model_type"}


def read(text: str, name: str, wanted: Wanted) -> Iterator[Mention]:
    """Weights named in a model's configuration; any other ``config.json`` is read as configuration."""
    is_card = re.search(r'"(?:model_type|architectures|base_model_name_or_path|transformers_version)"\s*:', text)
    for mention in config.read_json(text):
        if is_card and mention.key in _WEIGHTS_KEYS:
            yield Mention(mention.line, mention.text, mention.key, "weights")
        elif is_card and mention.key in _ARCHITECTURE_KEYS:
            yield Mention(mention.line, mention.text, mention.key, "architecture")
        elif not is_card:
            yield mention
