"""The shell of every page: sections with titles in, one self-contained HTML file out.

Nothing is loaded from anywhere: the style sheet is inline and named by its hash in the Content-Security-Policy, there
is no script at all, and charts are inline SVG. Templates are Jinja with escaping always on; a page of another kind
(gap, claims, adoption, weigh) brings its own templates in ``templates/<kind>/`` and uses the same macros.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from weighbridge import __version__
from weighbridge.report import hostile, words

TEMPLATES = Path(__file__).parent / "templates"

TEXT_LIMIT = 20_000
"""Characters that any one value may print, however it came there."""


@dataclass(frozen=True)
class Section:
    """One section of a page: its anchor, its title, a shorter title for the contents, and its body as HTML."""

    anchor: str
    title: str
    short: str
    body: Markup


@cache
def environment() -> jinja2.Environment:
    """The templates: escaping always on, an undefined name is an error, and ``words`` is there for every number."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.globals["words"] = words
    made.filters["line"] = hostile.line
    made.filters["marked"] = hostile.marked
    made.filters["slug"] = slug
    return made


def _shown(value: Any) -> Any:
    """Whatever a template prints that is not HTML already: unseen characters made visible, before it is escaped."""
    return hostile.visible(value, TEXT_LIMIT) if isinstance(value, str) and not isinstance(value, Markup) else value


def fragment(template: str, **context: Any) -> Markup:
    """One template filled, as HTML that may stand in a page."""
    return Markup(environment().get_template(template).render(**context))


def section(template: str, title: str, short: str = "", /, **context: Any) -> Section:
    """A section from a template; its anchor is the template's name."""
    return Section(Path(template).stem, title, short or title, fragment(template, **context))


def render_page(title: str, sections: Sequence[Section], *, lead: str | Markup = "", kind: str = "Report") -> str:
    """The whole page. ``lead`` stands under the title; ``kind`` above it.

    Example:
        >>> page = render_page("Gap", [Section("a", "A", "A", Markup("<p>text</p>"))])
        >>> "default-src 'none'" in page
        True
    """
    style = (TEMPLATES / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        environment()
        .get_template("page.html")
        .render(
            title=title,
            lead=lead,
            kind=kind,
            sections=sections,
            style=Markup(style),
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            version=__version__,
        )
    )


def slug(text: str) -> str:
    """A text as an anchor: letters and digits kept, everything else a hyphen, and a hash where that lost something."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    return plain if plain == text else f"{plain}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:6]}"
