"""What applying or undoing would do to the file and to the settings in force; and doing it."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.durability import Durability
from advisor.errors import AdvisorError, GuardError, UsageError
from advisor.knowledge import known_settings
from advisor.server_state import EffectiveSetting
from advisor.servers.apply.exchange import DirectoryEntry, not_written, put_back, read, replace_seen
from advisor.servers.apply.guards import check_all, check_risk
from advisor.servers.apply.target import ConfigTarget
from advisor.servers.config import SIGN, FilesRead, Fragment, is_for_bulk_load
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line, Option, Statement

HEAD: Final = f"{SIGN} apply put this here; fsync-advisor apply --undo takes it back.\n"
"""For a fragment that does not begin so."""

BEFORE: Final = "before"
UNDONE: Final = "undone"
"""What stands between a file's name and a number: what it was before a change, before an undo."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One change of one file, planned and not yet made."""

    target: ConfigTarget
    old: str | None
    """The file as it is; None where there is none."""
    new: str | None
    """The file as it would be; None: removed."""
    keep: Path
    """What the old file is called afterwards."""
    restored: Path | None
    """The backup that becomes the file again, where the change is an undo."""
    after: FilesRead
    """The configuration as it would be."""
    overridden: tuple[tuple[str, EffectiveSetting], ...]
    """"NAME = VALUE" of ours, and what wins over it with another value."""
    made_for: str = ""
    """The version that the fragment was made for, where the server is of another."""

    @property
    def is_undo(self) -> bool:
        return self.new is None or self.restored is not None

    @property
    def is_for_bulk_load(self) -> bool:
        """Whether what is then there is for the time of a load alone."""
        return self.new is not None and is_for_bulk_load(self.new)

    @property
    def is_none(self) -> bool:
        """Whether the server would read the same: comments change nothing."""
        return not self.is_undo and (self.old == self.new or self.is_about_comments)

    @property
    def is_about_comments(self) -> bool:
        """Whether the file as it is differs from the new one in comments and blank lines alone."""
        if self.old is None or self.new is None or self.old == self.new:
            return False
        return _said(self.target.vendor, self.old) == _said(self.target.vendor, self.new)

    def diff(self) -> Iterator[str]:
        """The lines of a unified diff."""
        path = self.target.path
        return difflib.unified_diff(
            _lines(self.old),
            _lines(self.new),
            "/dev/null" if self.old is None else str(path),
            "/dev/null" if self.new is None else str(path),
            lineterm="",
        )

    def changed(self) -> dict[str, tuple[str | None, str | None]]:
        """Setting -> its value in the files before and after; None where none sets it."""
        before, after = self.target.before.settings, self.after.settings
        values = {
            name: tuple(found[name].value if name in found else None for found in (before, after))
            for name in sorted(before.keys() | after.keys())
        }
        return {name: (old, new) for name, (old, new) in values.items() if old != new}

    def conflicts(self) -> Iterator[tuple[str, str]]:
        """For each line of ours that has no effect what wins over it, and what to do about that."""
        for ours, winner in self.overridden:
            vendor = VENDORS[self.target.vendor]
            told = winner.origin == "persisted" and vendor.unpersist
            yield (
                f"{ours} has no effect: {winner.place} sets {winner.value}",
                f"{vendor.unpersist} {winner.name}"
                if told
                else f"take {winner.name} out of {winner.place.rpartition(':')[0]}",
            )

    def new_notes(self) -> list[str]:
        """What a reading of the files has to say that it had not to say before."""
        return [
            note
            for note in self.after.notes
            if note not in self.target.before.notes and " is overridden by " not in note
        ]

    def make(self) -> None:
        """Puts the new file in its place. Raises AdvisorError where the old is not as it was."""
        target, seen = self.target, _encoded(self.old)
        directory, place = target.directory, target.place
        try:
            if not directory.is_still_at(directory.path):
                raise AdvisorError(
                    f"{directory.path} was exchanged meanwhile; nothing was written",
                    "look, and try again",
                )
            for stale in _numbered(target, BEFORE, UNDONE):
                if _is_ours(target, stale):  # left by an apply that was killed halfway
                    directory.remove(stale)
            like = target.including().stat()
        except OSError as error:
            raise not_written(place, error) from error
        keep = self.keep.name
        if self.new is None or self.is_undo:
            restored = self.restored.name if self.restored else None
            put_back(place, restored, shown=_encoded(self.new), seen=seen, keep=keep)
        else:
            content = self.new.encode("utf-8", "surrogateescape")
            replace_seen(place, content, seen=seen, keep=keep, like=like)


def plan_change(target: ConfigTarget, fragment: Fragment, accepted: Durability) -> FileChange:
    """A fragment in the place of the file. Raises AdvisorError for what must not be written."""
    _require_lines(target, fragment)
    made_for = fragment.version_unlike(target.version) if target.version else ""
    old = _read_ours(target)
    new = fragment.text if fragment.text.startswith(SIGN) else HEAD + fragment.text
    if not new.endswith("\n"):
        new += "\n"
    after = target.read_with(new)
    target.require_read(after)
    ours = _checked_lines(target, after, fragment, accepted)
    keep = _next(target, BEFORE)
    overridden = tuple(_winners(ours, after))
    change = FileChange(target, old, new, keep, None, after, overridden, made_for)
    known = known_settings(target.vendor, target.version)
    try:
        check_all(known, ours, target.before.settings, after.settings)
    except GuardError as error:
        # What other files set is what is wrong, not that ours and theirs do not go together.
        for conflict, remedy in change.conflicts():
            raise AdvisorError(f"{conflict}; and {error.message}", remedy) from error
        raise
    return change


def plan_undo(target: ConfigTarget) -> FileChange:
    """The newest backup in the place of the file, or no file where there was none before."""
    old = _read_ours(target)
    backups = [kept for kept in _numbered(target, BEFORE) if not _is_ours(target, kept)]
    if old is None and not backups:
        raise AdvisorError(f"there is no {target.path}, and no backup of it: nothing to undo")
    restored = target.path.with_name(backups[-1]) if backups else None
    new = _read(target.place, backups[-1]) if backups else None
    after = target.read_with(new)
    return FileChange(target, old, new, _next(target, UNDONE), restored, after, ())


def _require_lines(target: ConfigTarget, fragment: Fragment) -> None:
    name = VENDORS[target.vendor].title
    if not any(line.group in _groups(target) for line in fragment.lines):
        raise UsageError(f"{fragment.name} has no line that {name} reads")


def _groups(target: ConfigTarget) -> frozenset[str | None]:
    vendor = VENDORS[target.vendor]
    return vendor.server_groups if target.version is None else vendor.groups_read(target.version)


def _checked_lines(
    target: ConfigTarget, after: FilesRead, fragment: Fragment, accepted: Durability
) -> dict[str, str]:
    """Our settings. Raises AdvisorError for a line that must not be written."""
    vendor = VENDORS[target.vendor]
    known = known_settings(target.vendor, target.version)
    ours: dict[str, str] = {}
    written = [file for tree in after.trees for file in tree.walk() if file.path in target.names]
    for statement in written[0].statements:
        if not isinstance(statement, Line):
            raise AdvisorError(f"{fragment.name}: the server cannot read {statement.text!r}")
        if statement.group is None and vendor.has_groups:
            raise AdvisorError(
                f"{fragment.name}: {statement.name} stands before any option group",
                "put [mysqld] above it",
            )
        if statement.group in _groups(target):
            check_risk(known, statement, fragment.name, accepted)
            option = known.option(statement)
            if isinstance(option, Option):
                ours[option.name] = option.shown
    return ours


def _winners(ours: Mapping[str, str], after: FilesRead) -> Iterator[tuple[str, EffectiveSetting]]:
    """What wins over lines of ours."""
    for name, value in ours.items():
        winner = after.settings.get(name)  # None: the server ignores the line
        if winner is not None and winner.value != value:
            yield f"{name} = {value}", winner


def _read_ours(target: ConfigTarget) -> str | None:
    """The file as it is. Raises AdvisorError where somebody else wrote it."""
    text = _read(target.place)
    if text is not None and not text.startswith(SIGN):
        raise AdvisorError(
            f"{target.path} is not ours: it does not begin with {SIGN!r}",
            "choose another name with --to, or move it away",
        )
    return text


def _read(place: DirectoryEntry, name: str = "") -> str | None:
    content = read(place, name)
    return None if content is None else content.decode("utf-8", "surrogateescape")


def _said(vendor: VendorName, text: str) -> list[Statement]:
    """What the server reads in a file, wherever the lines stand."""
    return [each._replace(number=0) for each in VENDORS[vendor].statements(text)]


def _lines(text: str | None) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _numbered(target: ConfigTarget, *words: str) -> list[str]:
    """What is kept of our file, the oldest first. No server includes it: no suffix fits."""
    pattern = re.compile(rf"{re.escape(target.name)}\.({'|'.join(words)})-(\d+)", re.ASCII)
    directory = target.directory
    try:
        names = directory.names()
    except OSError as error:
        raise AdvisorError(f"{directory.path} cannot be read: {error.strerror}") from error
    matches = filter(None, map(pattern.fullmatch, names))
    return [name for _, name in sorted((int(match[2]), match[0]) for match in matches)]


def _next(target: ConfigTarget, word: str) -> Path:
    """A name that is free, and sorts behind: a number, for clocks go back at times."""
    taken = [int(kept.rpartition("-")[2]) for kept in _numbered(target, word)]
    return target.path.with_name(f"{target.name}.{word}-{max(taken, default=0) + 1}")


def _is_ours(target: ConfigTarget, name: str) -> bool:
    """Whether it is our file by another name. Raises AdvisorError."""
    try:
        one, other = (target.directory.status(each) for each in (name, target.name))
    except OSError as error:
        path = target.directory.path / name
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error
    return one is not None and other is not None and os.path.samestat(one, other)
