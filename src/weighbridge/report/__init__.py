"""What a run says, for people and for machines: a run folder in, one HTML file, terminal tables, CSV or JSON out.

The last step of an audit. ``write`` makes the HTML, ``print_summary`` the terminal's tables, ``write_csv`` and
``as_json`` the same tables as files. Figures are formatted in ``words`` alone and counted in ``accounts`` alone;
``page`` is the shell that pages of other questions use too.
"""

from weighbridge.report.files import as_json, tables, write_csv
from weighbridge.report.html import write
from weighbridge.report.terminal import print_summary

__all__ = ["as_json", "print_summary", "tables", "write", "write_csv"]
