"""What people expect of a command line: short options, examples that work, guesses understood."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from advisor.cli import app
from advisor.commands.suggestions import GUESSED
from advisor.help_text import EXAMPLES, STATUSES
from tests.support.command_line import run, run_process
from tests.support.faults import missing
from tests.support.paths import MEASUREMENTS

HDD = str(MEASUREMENTS / "hdd.json")
COMMANDS = [name for name in EXAMPLES if name]


def command_of(words: list[str]) -> None:
    """Parses a command line and runs nothing. Raises what Click and we raise for a wrong one."""
    command: Any = typer.main.get_command(app)
    context: Any = None
    while True:
        context = command.make_context(words[0], words[1:], parent=context)
        if not hasattr(command, "list_commands"):
            return
        _, command, rest = command.resolve_command(
            context, list(context._protected_args) + context.args
        )
        words = [command.name or "", *rest]


@pytest.mark.parametrize("example", [each for all_ in EXAMPLES.values() for each in all_])
def test_an_example_is_a_command_line_that_we_take(example: str) -> None:
    for part in re.split(r" \| ", example):
        words = shlex.split(re.sub(r" [<>] .*", "", part))
        if words[0] == "fsync-advisor":
            command_of(words)


def test_every_command_has_examples_and_no_other_has() -> None:
    done = run_process("completion", "bash")
    paths = set(re.findall(r'^ +" ([a-z ]+)"\) (?:only=yes; )?words=', done.stdout, re.M))
    assert set(COMMANDS) == paths
    assert set(STATUSES) - {""} <= paths


@pytest.mark.parametrize("command", ["", "recommend", "rules", "rules list"])
def test_the_help_ends_with_examples_and_exit_statuses(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *command.split(), "-h")
    assert (status, err) == (0, "")
    *_, examples, statuses = re.split(r"\n(?:Examples|Exit status):\n", out)
    assert [line.strip() for line in examples.splitlines() if line] == list(EXAMPLES[command])
    assert statuses.splitlines()[0].split() == ["0", "done"]
    assert statuses.splitlines()[-1].split()[0] == "130"
    assert "-h, --help" in out


def test_the_version_has_a_short_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "-V") == run(capsys, "--version")
    assert run(capsys, "-V")[1].startswith("fsync-advisor ")


@pytest.mark.parametrize(
    ("guess", "meant"),
    [
        ("tune", "recommend"),
        ("check", "audit"),
        ("bench", "measure"),
        ("mesure", "measure"),
        ("Report", "report"),
        ("undo", "apply --undo"),
    ],
)
def test_a_command_that_there_is_not(
    guess: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, guess)
    assert (status, out) == (2, "")
    assert err == (
        f"fsync-advisor: there is no command {guess!r}\n"
        f"  hint: did you mean: fsync-advisor {meant}\n"
    )


def test_what_is_like_nothing_is_sent_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert "  hint: fsync-advisor --help\n" in run(capsys, "xyzzy")[2]
    assert "  hint: did you mean: fsync-advisor rules show\n" in run(capsys, "rules", "shwo")[2]


def test_guesses_lead_to_commands_of_ours() -> None:
    assert {each.split(" --")[0] for each in GUESSED.values()} - {"--help", "--version"} <= set(
        COMMANDS
    )
    assert not set(GUESSED) & set(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("recommend", "--db", "mysq"), "did you mean mysql?"),
        (("recommend", "--db", "mysql", "--format", "yaml"), "did you mean compose or patroni"),
        (("recommend", "--db", "mysql", "--format", "cnpg"), "did you mean cloudnativepg?"),
        (
            ("recommend", "--db", "mysql", "--format", "cloudnative-pg"),
            "did you mean cloudnativepg?",
        ),
        (("recommend", "--db", "mysql", "--format", "spilo"), "did you mean zalando?"),
        (("recommend", "--db", "mysql", "--format", "postgres-operator"), "did you mean zalando?"),
        (("report", "--format", "md"), "did you mean markdown?"),
        (("report", "--format", "pdf"), "fsync-advisor report --help"),
        (("rules", "show", "sync_binlogs"), "did you mean innodb.sync_binlog?"),
        (("rules", "show", "max_wal_siz"), "did you mean postgresql.max_wal_size"),
        (
            ("rules", "show", "postgresql.max_wal_size.room-for-recovery-time"),
            "did you mean postgresql.max_wal_size.room-for-the-recovery-time?",
        ),
        (("rules", "show", "qwertz"), "see: fsync-advisor rules list"),
        (("man", "recomend"), "did you mean recommend?"),
    ],
)
def test_a_word_that_is_nearly_right(
    arguments: tuple[str, ...], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert f"  hint: {hint}" in err


def test_rules_of_one_server(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "rules", "list", "--db", "mysql")
    assert status == 0
    assert "  innodb.sync_binlog.durable-mysql\n" in out
    assert "mariadb" not in out.replace("MariaDB", "")
    assert "postgresql." not in out
    assert "innodb.innodb_redo_log_capacity.planned" in out
    _, out, _ = run(capsys, "rules", "list", "--db", "mariadb")
    assert "innodb_redo_log_capacity" not in out
    assert run(capsys, "rules", "list", "--db", "mysql", "--engine", "innodb")[0] == 2


# Defaults from the environment


def test_a_variable_has_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FSYNC_ADVISOR_DB", "postgresql")
    monkeypatch.setenv("FSYNC_ADVISOR_DB_VERSION", "15")
    _, out, _ = run(capsys, "recommend", "--from", HDD)
    assert "settings for PostgreSQL 15 (as given)" in out
    _, out, _ = run(capsys, "recommend", "--from", HDD, "--db-version", "17")
    assert "settings for PostgreSQL 17 (as given)" in out


@pytest.mark.parametrize("command", ["capacity", "report", "compare"])
def test_a_variable_that_means_nothing_without_a_server_is_no_mistake(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FSYNC_ADVISOR_MEMORY", "8GB")
    monkeypatch.setenv("FSYNC_ADVISOR_DURABILITY", "loses-recent-on-crash")
    drive = (HDD, "ref:7a") if command == "compare" else ("--from", HDD, "--clients", "1")
    assert run(capsys, command, *drive)[0] == 0
    status, _, err = run(capsys, command, *drive, "--memory", "8GB")
    assert (status, "need --db" in err or "needs --db" in err) == (2, True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "DB",
            "oracle",
            "Invalid value for FSYNC_ADVISOR_DB: 'oracle' is not one of 'mysql', 'mariadb',"
            " 'postgresql'.",
        ),
        ("MEMORY", "lots", "FSYNC_ADVISOR_MEMORY 'lots' is not a size"),
        ("RECOVERY_TIME", "10", "FSYNC_ADVISOR_RECOVERY_TIME '10' has no unit"),
        ("DURABILITY", "none", "Invalid value for FSYNC_ADVISOR_DURABILITY: 'none' is not one of"),
        ("EXPECTED_TPS", "0", "Invalid value for FSYNC_ADVISOR_EXPECTED_TPS: 0 is below 1"),
        (
            "QUIET",
            "perhaps",
            "Invalid value for FSYNC_ADVISOR_QUIET: 'perhaps' is neither yes nor no",
        ),
    ],
)
def test_a_bad_value_names_the_variable(
    name: str,
    value: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"FSYNC_ADVISOR_{name}", value)
    db = () if name == "DB" else ("--db", "mysql")
    status, out, err = run(capsys, "recommend", "--from", HDD, *db)
    assert (status, out) == (2, "")
    assert err.splitlines()[0].startswith(f"fsync-advisor: {said}")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--expected-tps", "many", "'many' is no number"),
        ("--expected-tps", "nan", "'nan' is no number"),
        ("--expected-tps", "1e30", "1e30 is above 1,000,000,000"),
        ("--expected-tps", "0.5", "0.5 is below 1"),
    ],
)
def test_a_senseless_number_is_told_in_plain_words(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "recommend", "--from", HDD, "--db", "mysql", option, value)
    assert (status, out) == (2, "")
    assert err.splitlines()[0] == f"fsync-advisor: Invalid value for '{option}': {said}"


def test_a_variable_that_no_option_has_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FSYNC_ADVISOR_MEMROY", "4GB")
    asked = ("recommend", "--from", HDD, "--db", "mysql", "--db-version", "9.7")
    status, _, err = run(capsys, *asked)
    assert status == 0
    said = "FSYNC_ADVISOR_MEMROY is ignored: did you mean FSYNC_ADVISOR_MEMORY?"
    assert err.splitlines()[0] == f"fsync-advisor: note: {said}"
    assert "MEMROY" not in run(capsys, *asked, "--quiet")[2]


def test_the_name_of_a_variable_steers_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FSYNC_ADVISOR_\x1b[31m\nred", "1")
    asked = ("recommend", "--from", HDD, "--db", "mysql", "--db-version", "9.7")
    _, _, err = run(capsys, *asked)
    assert err.splitlines()[0] == "fsync-advisor: note: FSYNC_ADVISOR_ [31m red is ignored"


def test_what_was_typed_is_not_called_a_variables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FSYNC_ADVISOR_MEMORY", "4GB")
    _, _, err = run(capsys, "recommend", "--from", HDD, "--db", "x", "--memory", "lots")
    assert "FSYNC_ADVISOR" not in err
    _, _, err = run(capsys, "recommend", "--from", HDD, "--db", "mysql", "--memory", "lots")
    assert err.startswith("fsync-advisor: --memory 'lots' is not a size")


# Manual pages


def test_a_manual_page_keeps_the_lines_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "man", "recommend")
    table = out.split("\n.nf\n")[1].split("\n.fi\n")[0].splitlines()
    assert table[0] == r"\-\-format          What it is"
    assert table[1] == "conf              an option file, or a postgresql.conf fragment"


def test_the_usage_has_one_pair_of_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "capacity", "-h")[1].startswith(
        "Usage: fsync-advisor capacity [OPTIONS] [DIR]\n"
    )


def test_a_manual_page_says_what_the_help_says(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "man", "rules", "list")
    assert status == 0
    assert out.startswith('.TH "FSYNC\\-ADVISOR\\-RULES\\-LIST" "1" ""')
    assert "fsync\\-advisor\\-rules\\-list \\- List every rule by its id" in out
    assert "\\fB\\-\\-db\\fR \\fI[mysql|mariadb|postgresql]\\fR\nOnly this server's." in out
    assert ".SH EXIT STATUS\n.TP\n.B 0\ndone\n" in out
    assert ".B fsync\\-advisor rules list \\-\\-db mysql\n" in out
    assert "\\fBfsync\\-advisor\\-rules\\fR(1)" in out


def test_all_pages_are_written_and_man_takes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "man", "--output", tmp_path)
    assert (status, out) == (0, "")
    names = {"-".join(["fsync-advisor", *name.split()]) for name in EXAMPLES}
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.1" for name in names}
    assert err == f"fsync-advisor: wrote {len(names)} pages in {tmp_path}\n"
    assert run(capsys, "man", "--output", tmp_path)[0] == 2  # they exist
    if shutil.which("groff") is None:
        missing("groff is not installed")
    for path in tmp_path.iterdir():
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tascii", str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == "", path.name
        assert "EXAMPLES" in re.sub(".\x08", "", done.stdout)
