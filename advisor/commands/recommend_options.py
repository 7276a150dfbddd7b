"""The options of `recommend`, and which of them go together."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.commands import options as shared
from advisor.commands.parameters import options_class
from advisor.errors import UsageError
from advisor.rules.catalogue import GROUPS, SettingGroup
from advisor.vendors.forms import FormName, ServiceFormName
from advisor.vendors.names import VendorName

RecommendForm = Literal[FormName, ServiceFormName, "json", "fragment"]


@options_class
class RecommendOptions:
    """The options of `recommend`."""

    context: typer.Context
    db: Annotated[
        VendorName | None,
        shared.database_option(
            "The server the settings are for.  [default: the one observed, else found on this host]"
        ),
    ] = None
    db_version: shared.DatabaseVersion = None
    drive: shared.DriveOptions
    request: shared.RequestOptions
    service: shared.ServiceOption = None
    parameter_group: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --service rds or aurora: what the parameter group is called."
            "  [default: fsync-advisor]",
        ),
    ] = None
    role: shared.RoleOption = "standalone"
    cluster: shared.ClusterOption = None
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar=f"[{'|'.join(GROUPS)}]",
            help="Only the settings of that group. May be repeated.  [default: all]",
        ),
    ] = None
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was left alone or skipped, too.")
    ] = False
    show_config: Annotated[
        bool,
        typer.Option(
            "--show-config",
            help="Print the file on a terminal, too, which else shows a summary; so do --explain"
            " and --format.",
        ),
    ] = False
    format_: Annotated[
        RecommendForm | None,
        typer.Option(
            "--format",
            metavar="FORM",
            help="What to print, of the list above; fragment is the same as conf."
            "  [default: by the ending of --output, else conf]",
        ),
    ] = None
    bulk_load: Annotated[
        bool,
        typer.Option(
            "--bulk-load",
            help="Instead, what to relax while a load or a restore lasts, and the way back.",
        ),
    ] = False
    new_instance: Annotated[
        bool,
        typer.Option(
            "--new-instance",
            help="With --bulk-load: the server holds nothing worth keeping; more is relaxed.",
        ),
    ] = False
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="With --bulk-load: the server's configuration, whose values to go back to. May be"
            " repeated.  [default: that of the server found here]",
        ),
    ] = None
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None
    accept_not_durable: shared.AcceptNotDurable = False

    def __post_init__(self) -> None:
        if strangers := [name for name in self.group or () if name not in GROUPS]:
            raise UsageError(f"--group {strangers[0]!r}: name some of {', '.join(GROUPS)}")
        if self.bulk_load and self.group:
            raise UsageError("--bulk-load has settings of its own", "leave --group out")
        if self.bulk_load and self.role != "standalone":
            raise UsageError(
                "--bulk-load is for the server that loads, and the same in each role",
                "leave --role out; what it may cost replicas stands in the file",
            )
        if self.bulk_load and self.service:
            raise UsageError(
                "--bulk-load does not know what a managed service lets one change",
                "leave --service out, or --bulk-load",
            )
        if not self.bulk_load and (self.new_instance or self.config):
            given = "--new-instance" if self.new_instance else "--config"
            raise UsageError(f"{given} goes with --bulk-load", "add that, or leave it out")
        if self.cluster and (self.service or self.bulk_load):
            raise UsageError(
                f"--cluster does not go with {'--service' if self.service else '--bulk-load'}",
                "leave one of them out",
            )
        if self.service is None:
            return
        if self.db_version is None:
            raise UsageError("--service needs --db-version", "its server is not on this host")
        if self.drive.directory is None and self.drive.from_file is None:
            raise UsageError(
                "--service needs a drive like that of the service",
                "DIR measures one, --from FILE starts from a measurement",
            )

    @property
    def groups(self) -> tuple[SettingGroup, ...]:
        """Those that are named, in the order of the fragment; else all."""
        return tuple(group for group in GROUPS if not self.group or group in self.group)
