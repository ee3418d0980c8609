"""Text in the cells of CSV files, which spreadsheets take for formulas."""

from __future__ import annotations

_FORMULA = "=+-@\t\r\n"
"""What a cell begins with that a spreadsheet may run (OWASP, CSV injection)."""
_GUARD = "'"


def guarded(value: str) -> str:
    """`value` for a cell, with an apostrophe before it where a spreadsheet might run it. `plain` takes it
    off again."""
    return _GUARD + value if value[:1] in {*_FORMULA, _GUARD} else value


def plain(cell: str) -> str:
    """What was written by `guarded`; other text is left as it is."""
    return cell[1:] if cell[:1] == _GUARD and cell[1:2] in {*_FORMULA, _GUARD} else cell
