"""Weights files: what a header says of itself, whose word counts, and what a stranger's fine-tune is."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from weighbridge import catalog
from weighbridge.inventory.hits import Hit
from weighbridge.inventory.survey import survey


def gguf(**facts: str) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    entries = [
        text(f"general.{key.replace('__', '.')}") + struct.pack("<I", 8) + text(value) for key, value in facts.items()
    ]
    tokens = text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 3) + b"".join(map(text, "abc"))
    head = struct.pack("<IQQ", 3, 0, len(entries) + 2)
    return b"GGUF" + head + text("general.alignment") + struct.pack("<II", 4, 32) + tokens + b"".join(entries)


def safetensors(**metadata: str) -> bytes:
    head = json.dumps({"__metadata__": metadata, "w": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    return struct.pack("<Q", len(head)) + head + b"\0\0"


def look(root: Path) -> list[Hit]:
    return survey([root], catalog.load(), workers=1).hits


@pytest.mark.parametrize(
    ("file", "facts", "names", "origin"),
    [
        ("m.gguf", {"name": "Qwen2.5 7B Instruct"}, ["qwen-2.5-7b-instruct"], "open_cn"),
        ("qwen2.5-7b-instruct-q4_k_m.gguf", {}, ["qwen-2.5-7b-instruct"], "open_cn"),
        ("m.gguf", {"name": "Our Own"}, ["Our Own"], "unknown"),
        ("llama-3-8b.gguf", {"name": "DeepSeek-V3"}, ["deepseek-v3"], "open_cn"),
    ],
)
def test_a_gguf_header_names_the_weights(
    tmp_path: Path, file: str, facts: dict[str, str], names: list[str], origin: str
) -> None:
    (tmp_path / file).write_bytes(gguf(**facts))
    hits = [hit for hit in look(tmp_path) if hit.counted]
    assert [hit.name for hit in hits] == names
    assert [hit.origin for hit in hits] == [origin]


def test_only_the_first_of_several_shards_counts(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"m-0000{number}-of-00003.gguf").write_bytes(gguf(name="DeepSeek-V3"))
    assert len([hit for hit in look(tmp_path) if hit.counted]) == 1


def test_safetensors_metadata_is_read_and_silence_is_a_hint(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(safetensors(format="pt"))
    (tmp_path / "b.safetensors").write_bytes(safetensors(base_model="mistralai/Mistral-7B-v0.1"))
    hits = look(tmp_path)
    assert [(hit.file, hit.counted) for hit in hits if hit.name == "model"] == [("model.safetensors", False)]
    assert {hit.country for hit in hits if hit.counted and hit.kind == "model"} == {"FR"}


def test_an_adapter_is_its_base_and_a_stranger(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(
        '{"base_model_name_or_path": "Qwen/Qwen2.5-7B-Instruct", "peft_type": "LORA"}'
    )
    hits = {hit.kind: hit for hit in look(tmp_path) if hit.counted}
    assert hits["model"].country == "CN"
    assert hits["weights"].country is None and hits["weights"].derived_from == "qwen-2.5-7b-instruct"


def test_an_architecture_is_no_maker(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}')
    hits = look(tmp_path)
    assert hits and all(hit.country is None and not hit.counted for hit in hits)


def test_a_store_of_the_hub_or_of_ollama_names_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "hub" / "models--Qwen--Qwen2.5-7B-Instruct" / "blobs").mkdir(parents=True)
    tags = tmp_path / "models" / "manifests" / "registry.ollama.ai" / "library" / "gemma2"
    tags.mkdir(parents=True)
    (tags / "9b").write_text("{}")
    assert {hit.country for hit in look(tmp_path) if hit.counted} == {"CN", "US"}
