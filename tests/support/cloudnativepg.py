"""What CloudNativePG allows in a Cluster, typed from its own files (cloudnative-pg on GitHub).

The schema is that of spec.postgresql in config/crd/bases/postgresql.cnpg.io_clusters.yaml (at
c47e235), with the rest of what a fragment touches; the names are the FixedConfigurationParameters
of pkg/postgres/configuration.go (at b122f63), which its webhook refuses.
"""

from collections.abc import Iterator
from typing import Any, Final

STRINGS: Final = {"type": "object", "additionalProperties": {"type": "string"}}
LIST_OF_STRINGS: Final = {"type": "array", "items": {"type": "string"}}
OBJECT: Final = {"type": "object"}

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["metadata", "spec"],
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object", "additionalProperties": {}},
        "spec": {
            "type": "object",
            "required": ["instances"],
            "properties": {
                "instances": {"type": "integer"},
                "storage": {"type": "object", "properties": {"size": {"type": "string"}}},
                "postgresql": {
                    "type": "object",
                    "properties": {
                        "enableAlterSystem": {"type": "boolean"},
                        "extensions": {"type": "array", "items": OBJECT},
                        "ldap": OBJECT,
                        "parameters": STRINGS,
                        "pg_hba": LIST_OF_STRINGS,
                        "pg_ident": LIST_OF_STRINGS,
                        "promotionTimeout": {"type": "integer"},
                        "shared_preload_libraries": LIST_OF_STRINGS,
                        "syncReplicaElectionConstraint": OBJECT,
                        "synchronous": OBJECT,
                    },
                },
            },
        },
    },
}

REFUSED: Final = frozenset(
    [
        "allow_system_table_mods",
        "archive_mode",
        "bonjour",
        "bonjour_name",
        "cluster_name",
        "config_file",
        "data_directory",
        "data_sync_retry",
        "event_source",
        "external_pid_file",
        "hba_file",
        "hot_standby",
        "ident_file",
        "jit_provider",
        "listen_addresses",
        "logging_collector",
        "port",
        "primary_conninfo",
        "primary_slot_name",
        "recovery_target",
        "recovery_target_action",
        "recovery_target_inclusive",
        "recovery_target_lsn",
        "recovery_target_name",
        "recovery_target_time",
        "recovery_target_timeline",
        "recovery_target_xid",
        "restore_command",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
        "unix_socket_group",
        "unix_socket_permissions",
        "archive_cleanup_command",
        "archive_command",
        "log_destination",
        "log_directory",
        "log_file_mode",
        "log_filename",
        "log_rotation_age",
        "log_rotation_size",
        "log_truncate_on_rotation",
        "pg_failover_slots.primary_dsn",
        "pg_failover_slots.standby_slot_names",
        "promote_trigger_file",
        "recovery_end_command",
        "recovery_min_apply_delay",
        "restart_after_crash",
        "ssl",
        "ssl_ca_file",
        "ssl_cert_file",
        "ssl_crl_file",
        "ssl_dh_params_file",
        "ssl_ecdh_curve",
        "ssl_key_file",
        "ssl_passphrase_command",
        "ssl_passphrase_command_supports_reload",
        "ssl_prefer_server_ciphers",
        "stats_temp_directory",
        "synchronous_standby_names",
        "synchronized_standby_slots",
        "syslog_facility",
        "syslog_ident",
        "syslog_sequence_numbers",
        "syslog_split_messages",
    ]
)

ONCE_REFUSED: Final = frozenset({"full_page_writes"})
"""Fixed in an earlier version (docs/src/postgresql_conf.md, 4e7bcbd)."""

TYPES: Final[dict[str, type]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
}


def violations(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """What of a value a schema does not allow; a property it does not know would be dropped. An
    empty schema allows anything."""
    if not schema:
        return
    if "type" in schema and type(value) is not TYPES[schema["type"]]:
        yield f"{path} is no {schema['type']}"
        return
    if isinstance(value, dict):
        yield from (
            f"{path} has no {name}" for name in schema.get("required", ()) if name not in value
        )
        for name, one in value.items():
            known = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if known is None:
                yield f"{path}.{name} is unknown"
            else:
                yield from violations(one, known, f"{path}.{name}")
    if isinstance(value, list):
        for one in value:
            yield from violations(one, schema.get("items", {}), f"{path}[]")
