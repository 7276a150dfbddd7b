"""What operators of Kubernetes allow in their resources, typed from their own files on GitHub.

As in tests/support/cloudnativepg.py only the part that a fragment touches, and what else a resource
must have. Zalando's: manifests/postgresql.crd.yaml of zalando/postgres-operator (at 01d17b3).
Percona's for PostgreSQL: pkg/apis/pgv2.percona.com/v2/perconapgcluster_types.go (at 268d794) and
pkg/apis/postgres-operator.crunchydata.com/v1beta1/patroni_types.go (at a9c49a7) of
percona/percona-postgresql-operator, whose dynamicConfiguration keeps fields that it does not know.
Percona's for MySQL: api/v1/perconaservermysql_types.go of percona/percona-server-mysql-operator
(at cfaffa3). Crunchy's: postgrescluster_types.go (at 000e6af) and patroni_types.go (at 054ed38) in
the same folder of CrunchyData/postgres-operator, whose dynamicConfiguration keeps all fields, too.
MariaDB's: api/v1alpha1/mariadb_types.go of mariadb-operator/mariadb-operator (at 583d2bf).
"""

from typing import Any, Final, NamedTuple

from advisor.vendors.forms import FormName
from advisor.vendors.names import VendorName
from tests.support.cloudnativepg import LIST_OF_STRINGS, OBJECT, STRINGS

STRING: Final = {"type": "string"}
INTEGER: Final = {"type": "integer"}
ANYTHING: Final[dict[str, Any]] = {"type": "object", "additionalProperties": {}}


class Resource(NamedTuple):
    """A resource of an operator: who it is, what may be in its spec, and a small whole one."""

    api_version: str
    kind: str
    spec: dict[str, Any]
    example: dict[str, Any]
    """Its spec before a patch."""

    @property
    def schema(self) -> dict[str, Any]:
        properties = {
            "apiVersion": STRING,
            "kind": STRING,
            "metadata": ANYTHING,
            "spec": {"type": "object", **self.spec},
        }
        return {"type": "object", "required": ["metadata", "spec"], "properties": properties}

    @property
    def manifest(self) -> dict[str, Any]:
        identity = {"apiVersion": self.api_version, "kind": self.kind}
        return {**identity, "metadata": {"name": "orders"}, "spec": self.example}


RESOURCES: Final[dict[tuple[FormName, VendorName], Resource]] = {
    ("zalando", "postgresql"): Resource(
        "acid.zalan.do/v1",
        "postgresql",
        {
            "required": ["numberOfInstances", "teamId", "postgresql"],
            "properties": {
                "numberOfInstances": INTEGER,
                "teamId": STRING,
                "volume": {"type": "object", "properties": {"size": STRING}},
                "postgresql": {
                    "type": "object",
                    "required": ["version"],
                    "properties": {"version": STRING, "parameters": STRINGS},
                },
            },
        },
        {
            "numberOfInstances": 2,
            "teamId": "shop",
            "volume": {"size": "10Gi"},
            "postgresql": {"version": "17", "parameters": {"fsync": "off", "work_mem": "8MB"}},
        },
    ),
    ("crunchy", "postgresql"): Resource(
        "postgres-operator.crunchydata.com/v1beta1",
        "PostgresCluster",
        {
            "required": ["postgresVersion", "instances"],
            "properties": {
                "postgresVersion": INTEGER,
                "instances": {"type": "array", "items": ANYTHING},
                "backups": ANYTHING,
                "patroni": {
                    "type": "object",
                    "properties": {
                        "dynamicConfiguration": ANYTHING,
                        "leaderLeaseDurationSeconds": INTEGER,
                        "logging": OBJECT,
                        "port": INTEGER,
                        "switchover": OBJECT,
                        "syncPeriodSeconds": INTEGER,
                    },
                },
            },
        },
        {
            "postgresVersion": 17,
            "instances": [{"name": "one", "replicas": 2}],
            "backups": {"pgbackrest": {}},
            "patroni": {"dynamicConfiguration": {"synchronous_mode": True}},
        },
    ),
    ("percona", "postgresql"): Resource(
        "pgv2.percona.com/v2",
        "PerconaPGCluster",
        {
            "required": ["postgresVersion", "instances", "backups"],
            "properties": {
                "postgresVersion": INTEGER,
                "instances": {"type": "array", "items": ANYTHING},
                "backups": ANYTHING,
                "patroni": {
                    "type": "object",
                    "properties": {
                        "createReplicaMethods": LIST_OF_STRINGS,
                        "dynamicConfiguration": ANYTHING,
                        "leaderLeaseDurationSeconds": INTEGER,
                        "port": INTEGER,
                        "switchover": OBJECT,
                        "syncPeriodSeconds": INTEGER,
                    },
                },
            },
        },
        {"postgresVersion": 17, "instances": [{"replicas": 3}], "backups": {"pgbackrest": {}}},
    ),
    ("percona", "mysql"): Resource(
        "ps.percona.com/v1",
        "PerconaServerMySQL",
        {
            "properties": {
                "mysql": {
                    "type": "object",
                    "properties": {"size": INTEGER, "image": STRING, "configuration": STRING},
                }
            }
        },
        {"mysql": {"size": 3, "image": "percona/percona-server:8.4"}},
    ),
    ("mariadb-operator", "mariadb"): Resource(
        "k8s.mariadb.com/v1alpha1",
        "MariaDB",
        {"properties": {"replicas": INTEGER, "storage": ANYTHING, "myCnf": STRING}},
        {"replicas": 1, "storage": {"size": "10Gi"}},
    ),
}
