"""Other tools' reports -> Measurement. One file per tool; formats.py holds the table.

A report is "reported by TOOL": what the tool did not say is unknown, and nothing is made up.
"""

from advisor.importers.formats import Imported, import_report

__all__ = ["Imported", "import_report"]
