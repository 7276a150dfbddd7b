"""fsync-advisor recommend: the main job, a configuration fragment."""

import sys
from typing import TYPE_CHECKING, Final, cast, get_args

from advisor.advice import Advice
from advisor.advise import advise, only_groups
from advisor.commands.console import (
    chosen_format,
    notify_about,
    notify_all,
    notify_trust,
    write_output,
)
from advisor.commands.parameters import takes_options
from advisor.commands.recommend_options import RecommendForm, RecommendOptions
from advisor.commands.requests import build_request
from advisor.commands.source import (
    for_observed_server,
    knowledge_for,
    require_trust,
    stored_measurement,
    stored_or_measured,
    vendor_found,
)
from advisor.errors import UsageError
from advisor.instance import Here
from advisor.measurement import Measurement
from advisor.output.forms import form_of
from advisor.output.fragment import render_fragment
from advisor.output.json_text import json_text
from advisor.output_files import check_writable
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.vendors.forms import IN_CONTAINERS, FormName, ServiceFormName
from advisor.vendors.registry import VENDORS

if TYPE_CHECKING:
    from advisor.rules.services import Service

ALL_MEMORY: Final = (
    "memory settings are for all of the host's memory; --memory SIZE says what the container has"
)


@takes_options
def recommend(options: RecommendOptions) -> None:
    """Write a my.cnf or postgresql.conf fragment for DIR's drive.

    A terminal shows a summary; a pipe, --output and --show-config get the file. Every line has its
    reason, its rule and its source. Nothing is changed on the server.

    \b
    --format          What it is
    conf              an option file, or a postgresql.conf fragment
    sql               ALTER SYSTEM SET for PostgreSQL; SET PERSIST and SET
                      PERSIST_ONLY for MySQL 8.0 and later; SET GLOBAL, which
                      does not survive a restart, for MariaDB and MySQL 5.7
    patroni           a patch for patronictl edit-config --apply
    cloudnativepg     a patch for a Cluster of CloudNativePG
    zalando           a patch for a postgresql of Zalando's operator
    crunchy           a patch for a PostgresCluster of Crunchy's operator
    percona           a patch for a PerconaPGCluster or PerconaServerMySQL
    mariadb-operator  a patch for a MariaDB of mariadb-operator
    compose           a service of a compose file, with a command
    terraform         with --service: the resource that holds its settings
    parameter-group   with --service rds or aurora: for the AWS CLI
    json              all of the advice, with units in the keys

    What a form cannot set stands in it as a comment that says why.

    --cluster does not go with --service or --bulk-load, nor --role with --bulk-load.

    --bulk-load writes two files, conf or sql, with what a crash in between means: for --output
    load.cnf load-on.cnf and load-off.cnf. What it may lose, --durability and --new-instance say.
    """
    product = options.product
    here, stored = _here(options), None
    if options.drive.from_file is not None:
        stored = stored_measurement(options.drive.from_file, quiet=product.quiet)
    found, version, version_source = for_observed_server(
        stored, options.db, options.db_version, quiet=product.quiet
    )
    db = found or vendor_found(here)
    request = build_request(
        db,
        version,
        options.request,
        here=here and here.instance,
        version_source=version_source,
        accept_not_durable=options.accept_not_durable,
        role=options.role,
        cluster=options.cluster,
    )
    if options.bulk_load:
        from advisor.commands.bulk_loading import write_bulk_load  # most advice is for good

        write_bulk_load(
            request,
            options.drive,
            product,
            here,
            format_=options.format_,
            new_instance=options.new_instance,
            config=options.config or (),
            trust=options.require_trust,
            stored=stored,
        )
        return
    asked, service = _asked(options)
    form = cast("FormName", "conf" if asked in ("fragment", "json") or service else asked)
    form_of(form, db, request.version)  # before anything is measured for nothing
    if service:
        service.engine_of(db, request.version)
    check_writable(product.output, force=product.force)
    measurement = stored or stored_or_measured(options.drive, product, here)
    knowledge = knowledge_for(db, options.role, options.cluster)
    if service:
        advice = _advise_for_service(measurement, request, knowledge, service, options)
    else:
        advice = advise(measurement, request, knowledge)
    if options.group:
        advice = only_groups(advice, options.groups)
        _require_settings(advice, options)
    require_trust(advice.storage, options.require_trust)
    if _wants_summary(options):
        write_output(_summary(advice, options), product)
        return
    if asked == "parameter-group":  # which has no room for them
        notify_trust(advice.storage, quiet=product.quiet)
        notify_all(advice.warnings, quiet=product.quiet)
    else:
        notify_about(advice.storage, advice.warnings, quiet=product.quiet)
    if form in IN_CONTAINERS and options.request.memory is None:
        notify_all((ALL_MEMORY,), quiet=product.quiet)
    if asked == "json":
        text = json_text(advice)
    elif service:
        text = _service_text(advice, service, asked, options)
    else:
        text = render_fragment(advice, explain=options.explain, form=form)
    write_output(text, product)


def _asked(options: RecommendOptions) -> tuple[str, "Service | None"]:
    """The form that is asked for, and the managed service that takes it. Raises UsageError."""
    formats: tuple[str, ...] = get_args(RecommendForm)
    service = None
    if options.service:
        from advisor.knowledge import load_service

        service = load_service(options.service)
        formats = ("terraform", "parameter-group", "json")
    asked = chosen_format(options.format_, options.product, formats)
    if service or options.parameter_group or asked in get_args(ServiceFormName):
        from advisor.output.service_forms import check_group_name, check_service_form

        check_service_form(asked, service)
        if options.parameter_group is not None:
            check_group_name(options.parameter_group, service)
    return asked, service


def _advise_for_service(
    measurement: Measurement,
    request: Request,
    knowledge: Knowledge,
    service: "Service",
    options: RecommendOptions,
) -> Advice:
    from advisor.managed_service import advise_for_service

    knows_memory = options.request.memory is not None
    return advise_for_service(
        measurement, request, knowledge, service, options.groups, knows_memory=knows_memory
    )


def _require_settings(advice: Advice, options: RecommendOptions) -> None:
    """Raises UsageError where the groups that are named have none of this server's settings."""
    if advice.settings:
        return
    server = f"{VENDORS[advice.engine].title} {advice.engine_version}"
    hint = "name another group"
    if "replication" in options.groups and options.role != "replica":
        hint = "--role replica has settings of it, if the server is one"
    raise UsageError(
        f"--group {' --group '.join(options.groups)} has no setting for {server}"
        f" in the role {options.role}",
        hint,
    )


def _service_text(advice: Advice, service: "Service", form: str, options: RecommendOptions) -> str:
    from advisor.output.service_forms import GROUP, how_to_call, parameter_group, terraform_form

    group = options.parameter_group or GROUP
    if form == "parameter-group":
        text = parameter_group(service, advice, group)
        notify_all(how_to_call(service, advice, group), quiet=options.product.quiet)
        return text
    form_ = terraform_form(service, advice, group)
    return render_fragment(advice, explain=options.explain, form=form_)


def _here(options: RecommendOptions) -> Here | None:
    drive, db = options.drive, options.db
    if drive.from_file is not None:
        return None
    from advisor.commands.here import here_for, server_arguments  # looks at the host's servers

    return here_for(
        drive,
        db,
        "recommend",
        server_arguments,
        quiet=options.product.quiet,
    )


def _wants_summary(options: RecommendOptions) -> bool:
    """Whether somebody reads it on a terminal, and has not asked for the file."""
    asks_for_file = bool(
        options.show_config or options.explain or options.format_ or options.service
    )
    return options.product.output is None and not asks_for_file and sys.stdout.isatty()


def _summary(advice: Advice, options: RecommendOptions) -> str:
    # Only here, for a pipe has no use for rich.
    from advisor.commands.invocation import command_line
    from advisor.output.renderers import render
    from advisor.output.summary import summary_document

    return render(summary_document(advice, command_line(options.context)), "terminal")
