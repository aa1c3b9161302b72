"""The reading of a page agrees with the HTML standard where oracles lean on it."""

from __future__ import annotations

import pytest

from weighbridge.tasks.payloads import html

CODE = "mark()"


@pytest.mark.parametrize(
    "page",
    [
        "<script>mark()</script>",
        "<SCRIPT\n>mark()</script >",
        "<script type=module>x='a';mark()</script>",
        "<script>var a='</script><script>mark()</script>",
        "<script>var a='';mark();//'</script>",
        "<script>var a=`x${mark()}`</script>",
        "<script>var a=/['\"]/;mark()</script>",
        "<img src=x onerror=mark()>",
        "<img/src='x'/onerror=mark()>",
        "<img src=x onerror=&#109;ark()>",
        "<p><img src=x onerror=mark() </p>",
        '<a href="javascript:mark()">x</a>',
        '<a href=" java\tscript:mark()">x</a>',
        '<a href="javascript://site/%0Amark()">x</a>',
        "<form action=JavaScript:mark()>",
        '<iframe srcdoc="&lt;img src=x onerror=mark()&gt;"></iframe>',
        "<textarea></textarea><b onclick=mark()>x</b></textarea>",
        "<!-- --><b onclick=mark()>x</b>",
        "<!--><b onclick=mark()>x</b>-->",
        "<title></title><svg/onload=mark()>",
        "<p title='' onmouseover='mark()'>x</p>",
        "<a href=http://site/ onmouseover=mark() x=>x</a>",
        "<script src=//site/?mark()></script>",
    ],
)
def test_what_a_browser_runs_is_found(page: str) -> None:
    assert html.runs(page, CODE)


@pytest.mark.parametrize(
    "page",
    [
        "&lt;script&gt;mark()&lt;/script&gt;",
        "<script>var a = 'mark()';</script>",
        '<script>var a = {"text": "\\"; mark();//"};</script>',
        "<script>// mark()\n</script>",
        "<script>/* mark() */</script>",
        '<script type="application/json">mark()</script>',
        "<script>var a = 'x\nmark()</script>",
        "<p title=\"' onmouseover='mark()\">x</p>",
        '<p title="<script>mark()</script>">x</p>',
        "<textarea><script>mark()</script></textarea>",
        "<title><img src=x onerror=mark()></title>",
        "<style><img src=x onerror=mark()></style>",
        "<!-- <img src=x onerror=mark()> -->",
        "< img src=x onerror=mark()>",
        "<img src=x/onerror=mark()>",
        "<img src=x onerror=mark()",
        "</p onclick=mark()>",
        '<a href="http://site/?javascript:mark()">x</a>',
        '<a href="/javascript:mark()">x</a>',
        '<img src="javascript:mark()">',
        "<p onclick=\"say('mark()')\">x</p>",
        "<p data-onclick=mark()>x</p>",
    ],
)
def test_what_a_browser_does_not_run_is_left_alone(page: str) -> None:
    assert html.runs(page, CODE) is None


def test_text_is_read_as_it_is_shown() -> None:
    page = "<p>Fish &amp; chips<br>5 < 6 &lt;b&gt;</p><script>no</script><textarea><i>yes</i></textarea>"
    assert html.shown(page) == "Fish & chips5 < 6 <b><i>yes</i>"


@pytest.mark.parametrize(
    ("policy", "off"),
    [
        ("", False),
        ("default-src 'none'", True),
        ("script-src 'self' 'unsafe-inline'", False),
        ("img-src *", False),
        ("default-src 'unsafe-inline'; script-src 'nonce-abc'", True),
    ],
)
def test_policy_decides_on_inline_scripts(policy: str, off: bool) -> None:
    assert html.inline_scripts_are_off(policy) is off


@pytest.mark.parametrize("family", [html.in_element, html.in_attribute, html.in_url, html.in_script])
def test_every_payload_carries_its_code(family) -> None:
    plain = [one for one in family(CODE) if CODE in one]
    assert len(plain) == len(family(CODE))
    assert len(set(family(CODE))) == len(family(CODE))


@pytest.mark.parametrize(
    "page", ["<", "<a", "<a href", "<a href='", "<!--", "<script>", "</", "<a b=c", "\0<\ud800>", "<?x"]
)
def test_broken_pages_raise_nothing(page: str) -> None:
    assert html.runs(page, CODE) is None
