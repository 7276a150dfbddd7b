"""fsync-advisor alone, on a terminal: one step after another, each with the command that does it.

The functions are those of the commands; here is only what is asked between them.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, cast

from advisor.advice import Advice
from advisor.advise import advise, only_groups
from advisor.analysis.host_findings import evaluate
from advisor.analysis.verdict import judge, require_durable
from advisor.audit.clusters import PartOf
from advisor.audit.expected import commit_waits
from advisor.audit.lines import writes_binary_log
from advisor.audit.proposals import Proposal, proposals
from advisor.audit.roles import role_of
from advisor.audit.run import run_audit
from advisor.commands.apply import ApplyOptions, change_files
from advisor.commands.asking import agreed_to, answer_to
from advisor.commands.auditing import read_files
from advisor.commands.console import notify, write_output
from advisor.commands.here import find_here, server_arguments, server_text
from advisor.commands.measuring import where
from advisor.commands.options import OutputOptions, RequestOptions
from advisor.commands.requests import build_request
from advisor.commands.role_question import asked_role
from advisor.commands.source import knowledge_for, measured
from advisor.commands.typed import TypedCommands
from advisor.durability import AdvisedDurability
from advisor.errors import AdvisorError
from advisor.instance import Here, ServerInstance
from advisor.knowledge import load_bulk_load, load_clusters, load_roles
from advisor.measurement import Measurement
from advisor.output.advice import durability_text
from advisor.output.document import Document, Lines, Notes, Paragraph
from advisor.output.fragment import render_fragment
from advisor.output.guided import (
    about_others,
    expectation_lines,
    group_blocks,
    offer_lines,
    step_document,
)
from advisor.output.measurement import measurement_document
from advisor.output.renderers import render
from advisor.output.verification import problem_lines, verification_document
from advisor.probe import PLANS
from advisor.request import Request
from advisor.rules.catalogue import GROUPS, SettingGroup
from advisor.rules.clusters import recognise_cluster
from advisor.server_state import ServerState
from advisor.servers.apply import find_target
from advisor.servers.config import Fragment, parse_fragment
from advisor.servers.connection import require_driver
from advisor.servers.installed import Installed
from advisor.servers.sandbox import verify_fragment
from advisor.units import format_size
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

PLAN: Final = "default"
UNCHANGED: Final = "nothing was changed"


def guided() -> None:
    """Finds the server, measures its drive, explains, asks, verifies and applies.

    Nothing is measured, started or written without a yes. Raises AdvisorError, and Interrupted.
    """
    here = find_here("recommend", server_arguments)
    if here.instance is None:
        raise AdvisorError(
            "no database server was found on this host",
            "fsync-advisor measure DIR measures a directory's drive; fsync-advisor --help has more",
        )
    run = _GuidedRun(here, here.instance)
    run.introduce()
    run.ask_for_role()
    if not run.agreed_to_measure():
        notify(f"nothing was measured; {UNCHANGED}")
        return
    advice = run.advise(run.measure())
    groups = run.ask_for_groups(advice)
    if not groups:
        notify(f"no settings were chosen; {UNCHANGED}")
        return
    text = render_fragment(only_groups(advice, groups))
    fragment = parse_fragment(text, run.typed.fragment, here.instance.vendor)
    if run.verify(fragment, groups):
        run.apply(fragment)
    else:
        notify(UNCHANGED)


class _GuidedRun:
    """One run: a server, and what is known of it."""

    def __init__(self, here: Here, instance: ServerInstance) -> None:
        self.here, self.instance = here, instance
        self.vendor = VENDORS[instance.vendor]
        self.typed = TypedCommands(instance, here.drives)
        self.knowledge = knowledge_for(instance.vendor)
        self.state: ServerState | None = None
        """As the configuration files say; None where they are not visible from here."""
        self.no_place: AdvisorError | None = None
        """Why there is no place for a file of ours."""
        self.part_of: PartOf | None = None
        """Of which cluster the configuration shows it to be a part."""
        self.file: Path | None = None
        """Where that is."""

    # The server

    def introduce(self) -> None:
        """Which server, and what the run does."""
        drives = self.here.drives
        self._read_configuration()
        named = {"Data": drives.data, "Log": drives.log, "Binary log": drives.binary_log}
        lines = [
            f"Server: {server_text(self.instance)}",
            *(f"{what}: {where(path)}" for what, path in named.items() if path is not None),
            *(f"Configuration: {file}" for file in self.instance.main),
            *([self.part_of.text] if self.part_of else []),
        ]
        if self.no_place is not None:
            lines.append(f"There is no place for settings: {self.no_place.message}")
        about = Paragraph(
            "Five steps: measure the drive, compare the settings, choose, verify, apply. Each shows"
            " the commands that do the same; here the files drive.json and"
            f" {self.typed.fragment} are not written. Nothing is changed unless you answer y, and"
            " Ctrl-C ends the run at any time."
        )
        _show(step_document("fsync-advisor: a guided run", (), about, Lines(lines)))

    def _read_configuration(self) -> None:
        instance = self.instance
        if not instance.main:
            self.no_place = AdvisorError("its configuration files are not visible from here")
            return
        version = format_version(instance.version) if instance.version else None
        state = read_files(instance.vendor, instance.main, version).reading
        self.state = state._replace(version=self._request().version)
        if self.vendor.has_binary_log:
            self.typed.binary_log = writes_binary_log(self.state)
        if (found := recognise_cluster(load_clusters(), self.state)) is not None:
            self.part_of = PartOf(*found)
            self.knowledge = self.knowledge._replace(cluster=self.part_of.cluster)
            self.typed.cluster = self.part_of.cluster.name
            # One that lacks the binary log that it needs is told so, and advised with it.
            self.typed.binary_log = self.typed.binary_log or None
        try:
            target = find_target(
                instance.vendor, None, instance.main, instance.version or None, last_folder=True
            )
        except AdvisorError as error:
            self.no_place = error
            return
        with target.directory:
            self.typed.folder, self.file = target.directory.path, target.path

    def ask_for_role(self) -> None:
        """In one question at most."""
        self.typed.role = asked_role(self.state, binary_log=self.typed.binary_log)
        if self.typed.role != "standalone":
            self.knowledge = self.knowledge._replace(roles=load_roles(self.instance.vendor))

    # 1. The drive

    def agreed_to_measure(self) -> bool:
        """Says what will be written, and for how long."""
        plan = PLANS[PLAN]
        each = " each" if len({*filter(None, self.here.drives)}) > 1 else ""
        text = Paragraph(
            f"This writes up to {format_size(plan.bytes_max)}{each} to files of its own in"
            f" the directories above, for about {plan.ssd_budget_s:.0f} s{each}"
            f" ({plan.hdd_budget_s:.0f} s on a hard disk). The files vanish at the end. A server"
            " that runs shares the drive meanwhile."
        )
        _show(step_document("1. Measure the drive", [self.typed.measure()], text))
        return agreed_to("Measure now?")

    def measure(self) -> Measurement:
        """Measures and shows it. Raises NotTrustedError where no flush is honoured."""
        found = measured(self.here.drives, PLAN, OutputOptions(), why=self.here.why)
        verdict = judge(found, self.knowledge.storage)
        host = evaluate(found, self.knowledge.host, self.instance.vendor)
        _show(measurement_document(found, verdict, host))
        require_durable(found, verdict, host)
        return found

    # 2. The settings

    def advise(self, measurement: Measurement) -> Advice:
        """Shows what to expect, and asks for the durability."""
        commands = [self.typed.recommend()]
        if self.state is not None:
            commands = [self.typed.audit(), *commands]
        advice = advise(measurement, self._request(), self.knowledge)
        known = {warning.text for warning in measurement.warnings}
        notes = [note for note in advice.warnings if note not in known]
        notes += about_others(advice)
        _show(
            step_document("2. Compare the settings", commands, *([Notes(notes)] if notes else []))
        )
        if self.state is not None:
            self._show_findings(self.state, advice, measurement)
        if self._chose_lower_durability(advice):
            advice = advise(measurement, self._request(), self.knowledge)
            _show(step_document("", [self.typed.recommend()]))
        if self.state is not None:
            waits = commit_waits(self.state, self.knowledge.settings, advice.settings, measurement)
            _show(step_document("", (), Lines([*expectation_lines(*waits)])))
        return advice

    def _request(self) -> Request:
        asked = RequestOptions(durability=self.typed.durability, binary_log=self.typed.binary_log)
        return build_request(
            self.instance.vendor,
            None,
            asked,
            here=self.instance,
            role=self.typed.role,
            cluster=self.typed.cluster,
        )

    def _show_findings(self, state: ServerState, advice: Advice, measurement: Measurement) -> None:
        """What an audit finds that the advised lines do not mend."""
        load = load_bulk_load(self.instance.vendor)
        role = None if self.typed.role == "standalone" else self.typed.role
        audit, _ = run_audit(
            state,
            self._request(),
            self.knowledge,
            measurement,
            bulk_load=load,
            replication=role_of(state, role),
            part_of=self.part_of,
        )
        written = {entry.setting for entry in advice.settings if entry.emitted}
        others = [
            f"{each.severity}: {each.shown}: {each.reason} Change: {each.change}"
            for each in audit.findings
            if each.setting not in written
        ]
        if others:
            about = Paragraph("What these settings do not fix:")
            _show(step_document("", (), about, Notes(others)))

    def _chose_lower_durability(self, advice: Advice) -> bool:
        """A lower class is taken where its name is typed, and in no other case."""
        names = [offer.durability for offer in advice.lower_durability]
        if not names:
            return False
        about = Paragraph(f"Durability: {durability_text(advice)}. Lower classes:")
        offers = list(offer_lines(advice.lower_durability, advice.cluster))
        _show(step_document("", (), about, Notes(offers)))
        typed = answer_to(
            f"Durability? Enter keeps durable; to accept a loss type {' or '.join(names)}:"
        )
        if typed not in names:
            notify(
                "keeping durable"
                if not typed
                else f"{typed!r} is not a durability class; keeping durable"
            )
            return False
        self.typed.durability = cast("AdvisedDurability", typed)
        return True

    # 3. The choice

    def ask_for_groups(self, advice: Advice) -> Sequence[SettingGroup]:
        """What is to be written, asked for each group; with what our file has already."""
        groups = self._groups(advice)
        differing = {
            group: found
            for group, found in groups.items()
            if any(proposal.is_better for proposal in found)
        }
        if not differing:
            notify("the present settings are as good as the advised ones")
            return ()
        chosen: list[SettingGroup] = []
        for number, (group, found) in enumerate(differing.items(), 1):
            title = f"3. Choose: group {number} of {len(differing)}"
            commands = [self.typed.recommend([group])]
            _show(step_document(title, commands, *group_blocks(group, found)))
            count = "this setting" if len(found) == 1 else f"these {len(found)} settings"
            if self.no_place is None and agreed_to(f"Take {count}?"):
                chosen.append(group)
        if self.no_place is not None:
            raise AdvisorError(f"{self.no_place.message}; {UNCHANGED}", self.no_place.hint)
        kept = [
            group for group in groups if group not in differing and self._is_ours(groups[group])
        ]
        return [*chosen, *kept] if chosen else ()

    def _groups(self, advice: Advice) -> Mapping[SettingGroup, Sequence[Proposal]]:
        if self.state is None:
            state = ServerState(self.instance.vendor, self._request().version, {})
        else:
            state = self.state
        found = [*proposals(state, self.knowledge.settings, advice.settings)]
        groups = {group: [each for each in found if each.group == group] for group in GROUPS}
        return {group: proposed for group, proposed in groups.items() if proposed}

    def _is_ours(self, proposed: Sequence[Proposal]) -> bool:
        """Whether a line of these stands in the file that we would write anew."""
        places = [Path(each.place.rpartition(":")[0]) for each in proposed if each.place]
        return any(place.resolve() == self.file for place in places)

    # 4. The proof

    def verify(self, fragment: Fragment, groups: Sequence[SettingGroup]) -> bool:
        """Starts a throw-away server with it, after a yes; whether to go on.

        Raises AdvisorError for a line that the server does not take.
        """
        commands = [self.typed.recommend(groups, output=True), self.typed.verify()]
        program, why_not = self.instance.program, self._why_unverified()
        if program is None or why_not:
            text = Paragraph(f"This is not possible here: {why_not}.")
            _show(step_document("4. Verify", commands, text))
            return agreed_to("Go on without?")
        text = Paragraph(
            "This starts a throw-away server with a fresh data directory in a temporary folder,"
            " reads every line back, and removes all of it. Your server is not touched."
        )
        _show(step_document("4. Verify", commands, text))
        if not agreed_to("Verify now?"):
            return agreed_to("Go on without?")
        installed = Installed(self.instance.vendor, self.instance.version, program.resolve())
        found = verify_fragment(fragment, installed, partial(notify, quiet=False))
        _show(verification_document(found))
        if not found.ok:
            *others, last = problem_lines(found)
            for line in others:
                notify(line)
            raise AdvisorError(last, UNCHANGED)
        return True

    def _why_unverified(self) -> str:
        if self.instance.program is None:
            return f"no program of {self.vendor.title} {format_version(self.instance.version)}"
        try:
            require_driver(self.instance.vendor)
        except AdvisorError as error:
            return f"{error.message} ({error.hint})"
        return ""

    # 5. The change

    def apply(self, fragment: Fragment) -> None:
        """Writes it after a yes, with a backup of what was there; says what is left to do."""
        text = Paragraph(
            "This writes one file of its own, after the server has checked its whole configuration"
            " with it. What was there before is kept beside it. No server is touched."
        )
        _show(step_document("5. Apply", [self.typed.apply()], text))
        options = ApplyOptions(
            db=self.instance.vendor,
            file=Path(self.typed.fragment),
            config=[*self.instance.main],
            durability=self.typed.durability,
        )
        if change_files(options, fragment, last_folder=True):
            _show(step_document("To undo", [self.typed.undo()]))


def _show(document: Document) -> None:
    write_output(f"\n{render(document, 'terminal')}")
