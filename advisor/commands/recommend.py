"""fsync-advisor recommend: the main job, a configuration fragment."""

from typing import Annotated, Literal

import typer

from advisor.commands import options


def recommend(
    db: options.Database,
    directory: options.Directory = None,
    from_file: options.FromFile = None,
    db_version: options.DatabaseVersion = None,
    durability: options.Durability = "strict",
    memory: options.Memory = None,
    recovery_time: options.RecoveryTime = None,
    expected_tps: options.ExpectedTps = None,
    log_bytes_per_commit: options.LogBytesPerCommit = None,
    binary_log: options.BinaryLog = None,
    build: options.Build = None,
    syncs: options.Syncs = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was left alone or skipped, too.")
    ] = False,
    format_: Annotated[
        Literal["conf", "sql", "patroni", "cloudnativepg", "compose", "json", "fragment"],
        typer.Option("--format", help="What to print; fragment is the same as conf."),
    ] = "conf",
    output: options.Output = None,
    save: options.Save = None,
    quick: options.Quick = False,
    thorough: options.Thorough = False,
    label: options.Label = None,
    require_trust: options.RequireTrust = None,
    accept_not_durable: options.AcceptNotDurable = False,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Write a my.cnf or postgresql.conf fragment for DIR's drive, or the same in SQL or YAML.

    Every line has its reason, its rule and its source. Nothing is changed on the server.
    """
    from advisor.advise import advise
    from advisor.commands import steps
    from advisor.commands.requests import build_request
    from advisor.files import check_writable
    from advisor.output.forms import form_of
    from advisor.output.fragment import render_fragment
    from advisor.vendors.forms import FormName

    request = build_request(
        db,
        db_version,
        durability=durability,
        binary_log=binary_log,
        memory=memory,
        recovery_time=recovery_time,
        expected_tps=expected_tps,
        log_bytes_per_commit=log_bytes_per_commit,
        build=build,
        syncs=syncs,
        accept_not_durable=accept_not_durable,
    )
    form: FormName = format_ if format_ != "fragment" and format_ != "json" else "conf"
    form_of(form, db, request.version)  # before anything is measured for nothing
    check_writable(output, force=force)
    measurement = steps.stored_or_measured(
        directory,
        from_file,
        quick=quick,
        thorough=thorough,
        label=label,
        save=save,
        force=force,
        quiet=quiet,
    )
    advice = advise(measurement, request, steps.knowledge_for(db))
    steps.require_trust(advice.storage, require_trust)
    steps.say_notes(advice.storage, advice.warnings, quiet=quiet)
    if format_ == "json":
        text = advice.model_dump_json(by_alias=True, indent=2) + "\n"
    else:
        text = render_fragment(advice, explain=explain, form=form)
    steps.hand_over(text, output, force=force)
