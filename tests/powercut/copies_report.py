"""The tables of copies in README.md here, made from copies.json and members.json.

python -m tests.powercut.copies_report
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
README: Final = HERE / "README.md"
PAIRS: Final = HERE / "copies.json"
MEMBERS: Final = HERE / "members.json"
BLOCK: Final = re.compile(r"(<!-- made by copies_report -->\n).*?(<!-- end -->)", re.DOTALL)
COUNT: Final = re.compile(r"\b\d+ ?")

Stored = Mapping[str, Any]
"""Case -> its version and its cuts."""


def tables(pairs: Stored, members: Stored) -> str:
    """Both, as README.md shows them."""
    heads = ("source and replica", "cuts", "lost at the source", "lost at both")
    lines = _heads(heads)
    for name, stored in sorted(pairs.items()):
        cuts = stored["cuts"]
        lost = [losing(cut[key] for cut in cuts) for key in ("lost_at_source", "lost")]
        lines.append(_row(name, len(cuts), *lost))
    lines += ["", *_heads(("three members", "cuts", "lost", "how the two others came back"))]
    for name, stored in sorted(members.items()):
        cuts = stored["cuts"]
        came_back = Counter(kind(other) for cut in cuts for other in cut["others"])
        told = ", ".join(f"{text}: {count}" for text, count in came_back.most_common())
        lines.append(_row(name, len(cuts), losing(cut["lost"] for cut in cuts), told))
    return "".join(f"{line}\n" for line in lines)


def losing(lost: Iterable[int]) -> str:
    """In how many cuts, and how many commits at most."""
    counts = list(lost)
    times = sum(count > 0 for count in counts)
    return f"in {times}, up to {max(counts):,} commits" if times else "none"


def kind(outcome: str) -> str:
    """Without its number of commits."""
    return COUNT.sub("commits ", outcome) if outcome.startswith(("has ", "lacks ")) else outcome


def _heads(names: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Writes the tables into README.md here."""
    made = tables(json.loads(PAIRS.read_text()), json.loads(MEMBERS.read_text()))
    text = README.read_text()
    README.write_text(BLOCK.sub(lambda found: found[1] + made + found[2], text))
    print(made, end="")


if __name__ == "__main__":
    main()
