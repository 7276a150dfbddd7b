"""A report as it is read: its title, and what is in the open and what is folded."""

from typing import Any

import pytest

from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.output.document import Code, Document, Folded, Section
from advisor.output.renderers.text import render_text
from advisor.output.report.document import report_document
from tests.support.drives import measurement, round_of, summary, under_load
from tests.unit.test_report import MYSQL, POSTGRESQL, reported


def shown(drive: Measurement, *requests: Any) -> Document:
    return report_document(reported(drive, *requests, client_counts=(1,)))


def at(directory: Any, host_name: Any) -> Measurement:
    made = measurement()
    return made.model_copy(
        update={
            "target": made.target.model_copy(update={"directory": directory}),
            "environment": made.environment.model_copy(update={"host_name": host_name}),
        }
    )


NOBODY_KNOWS = Unknown(unknown="not asked")


@pytest.mark.parametrize(
    ("directory", "host_name", "title"),
    [
        ("/var/lib/mysql", "db07", "Durability report: /var/lib/mysql on db07"),
        ("/var/lib/mysql", NOBODY_KNOWS, "Durability report: /var/lib/mysql"),
        (NOBODY_KNOWS, "db07", "Durability report: db07"),
        (NOBODY_KNOWS, NOBODY_KNOWS, "Durability report"),
    ],
)
def test_the_title_says_what_and_where(directory: Any, host_name: Any, title: str) -> None:
    assert shown(at(directory, host_name)).title == title


def folded(section: Section) -> list[str]:
    return [block.title for block in section.blocks if isinstance(block, Folded)]


def test_what_is_read_first_and_what_is_folded() -> None:
    document = shown(measurement(), MYSQL)
    assert [section.title for section in document.sections] == [
        "The drive: latency and trust",
        "Settings for MySQL 9.7",
        "The cost of durability: MySQL 9.7",
        "Capacity: MySQL 9.7",
        "What would change this: MySQL 9.7",
        "Measurement and method",
    ]
    assert folded(document.sections[1]) == [
        "Reasons for each setting: MySQL 9.7",
        "Left at the default: MySQL 9.7",
        "Rules that could not be applied: MySQL 9.7",
    ]
    assert folded(document.sections[-1]) == [
        "All measured series",
        "Where it was measured",
        "How this report was made",
    ]


def test_the_settings_are_one_block_to_copy() -> None:
    document = shown(measurement(), MYSQL)
    (code,) = [block for block in document.sections[1].blocks if isinstance(block, Code)]
    assert code.text.splitlines()[:3] == [
        "[mysqld]",
        "innodb_flush_log_at_trx_commit = 1",
        "sync_binlog = 1",
    ]


def test_series_under_load_are_beside_the_others() -> None:
    beside = under_load("overwrite", summary(3500, p99_us=9000), rounds=[round_of()])
    made = reported(measurement().model_copy(update={"under_load": (beside,)}), client_counts=(1,))
    assert made.measurement.under_load[0].rounds == ()
    text = render_text(report_document(made))
    assert "beside page flushes\n" in text
    assert "500 pages/s" in text


def test_no_two_titles_are_alike() -> None:
    """Where nothing folds each is a heading."""
    document = shown(measurement(), MYSQL, POSTGRESQL)
    titles = [section.title for section in document.sections]
    titles += [title for section in document.sections for title in folded(section)]
    assert len(titles) == len(set(titles))


def test_of_a_drive_that_keeps_nothing_only_the_drive_is_shown() -> None:
    document = shown(measurement(1000, filesystem="tmpfs"), MYSQL)
    assert [section.title for section in document.sections] == [
        "The drive: latency and trust",
        "Measurement and method",
    ]
