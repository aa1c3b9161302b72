"""A sheet of named cells, as a small planning tool keeps it."""

import csv
import io


def read_sheet(text):
    """Cells by name, from lines such as `price,10`. Numbers become numbers, other texts stay as they are."""
    cells = {}
    for row in csv.reader(io.StringIO(text)):
        if len(row) == 2:
            name, value = row[0].strip(), row[1].strip()
            cells[name] = as_number(value)
    return cells


def as_number(value):
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def numbers(cells):
    """Only those cells that hold a number."""
    return {name: value for name, value in cells.items() if isinstance(value, (int, float))}


def write_sheet(cells):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(cells.items())
    return out.getvalue()
