"""What the chat makes of a message."""

import html
import re

LINK = re.compile(r"https?://[^\s<>\"]+")
SMILEYS = {":-)": "\N{SLIGHTLY SMILING FACE}", ":-(": "\N{SLIGHTLY FROWNING FACE}", "<3": "\N{HEAVY BLACK HEART}"}


def find_links(message):
    """The links of a message, without punctuation behind them."""
    return [link.rstrip(".,;:!?)") for link in LINK.findall(message)]


def with_smileys(message):
    for text, smiley in SMILEYS.items():
        message = message.replace(text, smiley)
    return message


def as_html(message):
    """A message as the chat window shows it, links included."""
    shown, at = [], 0
    for match in LINK.finditer(message):
        shown.append(html.escape(with_smileys(message[at : match.start()])))
        link = html.escape(match.group())
        shown.append(f'<a href="{link}">{link}</a>')
        at = match.end()
    shown.append(html.escape(with_smileys(message[at:])))
    return "".join(shown)
