"""The fields of an answer that others collected, in words: for the mapping, its errors and the command's help."""

from __future__ import annotations

FIELDS = {
    "model": "who answered; @file takes the file's name, where each model has its own",
    "task": "what was asked, by name",
    "code": "the program; from a cell that holds a whole raw answer it is taken out",
    "answer": "the raw answer, with prose, fences and reasoning, instead of code",
    "language": "python, javascript, go, c, cpp …",
    "mode": "how it was asked: gen, fix, with a hint …",
    "repeat": "the number of the repeat; @order numbers them as they come",
    "functional": "does it do its job: yes or no",
    "secure": "did it withstand: yes or no",
    "verdict": "instead of both: secure, vulnerable, broken, refused",
    "cwes": "what the task is about: CWE-89, 89, a list",
    "cluster": "tasks that share a flaw; the task by default",
    "trial": "id of a planned trial",
    "system": "the system prompt",
    "user": "the message, exactly as sent",
    "reasoning": "thinking that came in a field of its own",
    "stop_reason": "stop, length, content_filter",
    "served_model": "the model's name as the endpoint gave it",
    "input_tokens": "tokens of the question",
    "cached_tokens": "of these, read from a cache",
    "reasoning_tokens": "of the output, thinking",
    "output_tokens": "tokens of the answer, thinking included",
    "dollars": "what it cost",
    "error": "why there is no answer",
}
ALSO = {"answer": ("completion", "response"), "user": ("prompt",)}
"""Other names of columns that can only mean that field."""
VERDICT_FIELDS = ("functional", "secure", "verdict")
PLANNED_ONLY = tuple(FIELDS)[tuple(FIELDS).index("trial") :]
ORDER = "@order"
FILE = "@file"
NO_COLUMN = {"repeat": ORDER, "model": FILE}
"""What a field can be instead of a column."""
GUESSES = {
    "model": ("llm", "model_name", "model_id"),
    "task": ("case", "task_id", "problem", "problem_id", "prompt_id", "case_id", "test_case", "id"),
    "code": ("program", "solution", "generated_code", "source_code"),
    "answer": ("completion", "response", "output", "generation", "answer_text", "content"),
    "user": ("prompt", "question"),
    "repeat": ("round", "sample", "epoch", "trial_index", "sample_id"),
}
"""Names that a column of that field often has; they are suggested, never taken."""
