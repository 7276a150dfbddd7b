"""The laws of the house, held by reading what each module imports and calls.

Nothing of ours is imported here: a law is broken by what stands in a file, whether that line is
ever run or not.
"""

import ast
from pathlib import Path
from typing import Final

import pytest
from jinja2 import Environment, nodes

from tests.support.modules import MODULES, Module, modules_in, modules_outside
from tests.support.paths import CHECKOUT

DRIVERS: Final = ("psycopg", "pymysql", "MySQLdb", "mysql", "mariadb", "sqlalchemy")
"""Packages that talk to a database server."""

LAYERS: Final[tuple[tuple[str, ...], ...]] = (
    ("advisor", "advisor.errors", "advisor.durability", "advisor.help_text", "advisor.variables"),
    ("advisor.roles",),
    ("advisor.command_list",),
    ("advisor.effective_user", "advisor.interruption"),
    ("advisor.trusted_path",),
    ("advisor.directory",),
    ("advisor.draft",),
    ("advisor.versions", "advisor.files", "advisor.resources", "advisor.standard_streams"),
    ("advisor.unique_keys",),
    ("advisor.output_files",),
    ("advisor.units",),
    ("advisor.model", "advisor.series_kind"),
    ("advisor.observation", "advisor.soak"),
    ("advisor.measurement",),
    ("advisor.measurement_file",),
    ("advisor.vendors.names",),
    ("advisor.server_activity",),
    ("advisor.server_state", "advisor.verification", "advisor.applied", "advisor.request"),
    ("advisor.cluster",),
    ("advisor.instance",),
    ("advisor.vendors",),
    ("advisor.conditions", "advisor.statistics"),
    ("advisor.latency_buckets",),
    ("advisor.analysis",),
    ("advisor.advice", "advisor.bulk_load"),
    ("advisor.rules",),
    ("advisor.capacity",),
    ("advisor.knowledge", "advisor.advise", "advisor.prediction"),
    ("advisor.planning", "advisor.bulk_loading", "advisor.managed_service"),
    ("advisor.comparison",),
    ("advisor.trial",),
    ("advisor.fleet", "advisor.report", "advisor.audit"),
    ("advisor.probe", "advisor.importers", "advisor.servers"),
    ("advisor.output",),
    ("advisor.commands",),
    ("advisor.fault", "advisor.usage_errors"),
    ("advisor.lazy_commands",),
    ("advisor.cli",),
    ("advisor.__main__",),
)
"""From the ground up. A room imports from the layers below it, and from itself."""

PURE: Final = (
    "advisor.advice",
    "advisor.advise",
    "advisor.analysis",
    "advisor.applied",
    "advisor.audit",
    "advisor.bulk_load",
    "advisor.bulk_loading",
    "advisor.capacity",
    "advisor.cluster",
    "advisor.comparison",
    "advisor.conditions",
    "advisor.durability",
    "advisor.fleet",
    "advisor.help_text",
    "advisor.instance",
    "advisor.latency_buckets",
    "advisor.managed_service",
    "advisor.model",
    "advisor.observation",
    "advisor.planning",
    "advisor.prediction",
    "advisor.trial",
    "advisor.report",
    "advisor.request",
    "advisor.roles",
    "advisor.rules",
    "advisor.series_kind",
    "advisor.server_activity",
    "advisor.server_state",
    "advisor.soak",
    "advisor.statistics",
    "advisor.unique_keys",
    "advisor.units",
    "advisor.vendors",
    "advisor.verification",
    "advisor.versions",
)

LIMITS: Final = "advisor.servers.connection.limits"
"""Looks at the memory of its own process, and at how long a server has been waited for."""

CLOCKS: Final = (
    "advisor.commands.clock",
    "advisor.probe",
    "advisor.servers.state.activity",
    "advisor.servers.load.client",
    "advisor.servers.load.turns",
    LIMITS,
)
"""Who measures: a drive, or a server under load, both of whom draw lots for what is written next;
or a server's patience; and who says what time it is."""

CONFINERS: Final = (
    "advisor.servers.installed.accounts",
    "advisor.servers.installed.confinement",
)
"""Who sees to it that a program has an account to itself, and limits."""

READERS: Final = (
    "advisor.directory",
    "advisor.files",
    "advisor.importers",
    "advisor.knowledge",
    "advisor.measurement",
    "advisor.output",
    "advisor.output_files",
    "advisor.probe",
    "advisor.resources",
    "advisor.servers.apply",  # writes the one file that is ours
    "advisor.servers.config",
    LIMITS,  # reads how much memory there is
    "advisor.servers.sandbox.data_directory",  # reads the SQL that comes with MariaDB
    "advisor.servers.installed.accounts",  # sees whether an account has processes
    "advisor.servers.installed.confinement",  # says which process memory is to be taken from first
    "advisor.standard_streams",  # opens what was closed
    "advisor.trusted_path",
)
"""Who may open, read or write files."""


def module_of(imported: str) -> str | None:
    """The module of ours that an imported name is, or is in."""
    while imported:
        if imported in MODULES:
            return imported
        imported = imported.rpartition(".")[0]
    return None


GRAPH: Final = {
    module.name: {found for name in module.imports() if (found := module_of(name))}
    for module in MODULES.values()
}
"""Module -> the modules of ours that it imports."""


def called(call: ast.Call) -> str:
    """What is called, as it is written: "open", "path.read_text"."""
    return ast.unparse(call.func)


# The reading itself


def test_every_file_is_read() -> None:
    assert len(MODULES) > 50
    assert {"advisor", "advisor.cli", "advisor.probe", "advisor.rules.engine"} <= MODULES.keys()


def test_imports_are_found_wherever_they_stand() -> None:
    text = "import a.b\nfrom c import d as e\ndef f():\n    from g.h import i\n    import j, k\n"
    module = Module("m", ast.parse(text))
    assert sorted(module.imports()) == ["a.b", "c.d", "g.h.i", "j", "k"]


def test_a_submodule_that_is_imported_from_its_package_is_found() -> None:
    assert "advisor.rules.guards" in GRAPH["advisor.rules.engine"]
    assert "advisor.output.fragment" in GRAPH["advisor.commands.recommend"]


def test_docstrings_are_no_text() -> None:
    text = '"""/proc"""\nX = 1\n"""/sys of X"""\nY = "/proc/self"\nZ = f"/sys/{Y}"\n'
    assert list(Module("m", ast.parse(text)).texts()) == ["/proc/self", "/sys/"]


# 1. Who measures, who talks to a server, who reads files


@pytest.mark.parametrize(
    "module", modules_outside("advisor.probe", LIMITS, *CONFINERS), ids=lambda module: module.name
)
def test_only_the_probe_looks_at_the_host(module: Module) -> None:
    assert module.imports_package("psutil", "resource", "platform") == []
    looking = [text for text in module.texts() if "/proc" in text or "/sys/" in text]
    assert looking == []
    host = {"uname", "cpu_count", "sched_getaffinity", "statvfs", "getloadavg", "sysconf"}
    assert {called(call).rpartition(".")[2] for call in module.calls()} & host == set()


@pytest.mark.parametrize("module", modules_outside(*CLOCKS), ids=lambda module: module.name)
def test_only_who_measures_has_a_clock(module: Module) -> None:
    assert module.imports_package("time", "timeit") == []
    clock = {"now", "utcnow", "today", "perf_counter", "perf_counter_ns", "times"}
    assert {called(call).rpartition(".")[2] for call in module.calls()} & clock == set()


@pytest.mark.parametrize(
    "module", modules_outside("advisor.servers"), ids=lambda module: module.name
)
def test_only_servers_starts_programs_and_talks_to_servers(module: Module) -> None:
    assert module.imports_package("subprocess", "socket", "pty", *DRIVERS) == []
    started = [
        called(call)
        for call in module.calls()
        if called(call).startswith(("os.system", "os.popen", "os.exec", "os.spawn", "os.posix_sp"))
    ]
    assert started == []


@pytest.mark.parametrize("module", modules_outside(*READERS), ids=lambda module: module.name)
def test_only_some_read_or_write_files(module: Module) -> None:
    assert module.imports_package("io", "tempfile", "mmap", "fileinput") == []
    opened = [
        ast.unparse(call)
        for call in module.calls()
        if called(call) == "open"
        or called(call).endswith((".open", ".read_text", ".read_bytes", ".write_text"))
        or called(call).endswith((".write_bytes", ".touch", ".unlink", ".mkdir", ".rename"))
    ]
    assert opened == []


PRIVILEGED: Final = (
    "advisor.directory",
    "advisor.trusted_path",
    "advisor.probe.scratch",
    "advisor.probe.replacing",
    "advisor.servers.installed.confinement",
)
"""Who may change what lies in a directory: by an open directory, the probe by its own; and who
tells the kernel by a file of its own which process to take memory from."""

CHANGES_BY_PATH: Final = {
    *("chown", "lchown", "chmod", "lchmod", "chflags", "setxattr", "removexattr", "utime"),
    *("rename", "renames", "replace", "link", "symlink", "unlink", "remove", "truncate"),
    *("mkdir", "makedirs", "mkfifo", "mknod", "rmdir", "removedirs", "chroot"),
}
"""What os has for it. (Of a descriptor there is fchown, fchmod, ftruncate.)"""

PATH_CHANGES: Final = {
    *("write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink", "rename"),
    *("chmod", "lchmod", "hardlink_to", "symlink_to", "link_to"),
}
"""What pathlib has for it; and replace(), of one argument."""


def changes_by_path(module: Module) -> list[str]:
    """What a module does to files by their paths, where somebody may have planted a link."""
    found = list(module.imports_package("tempfile", "fileinput"))
    by_name = ("os", "posix", "shutil")
    found += [name for name in module.imports() if name.rpartition(".")[0] in by_name]
    found += [
        ast.unparse(call) for call in module.calls() if _is_change(call, called(call).split("."))
    ]
    return found


def _is_change(call: ast.Call, names: list[str]) -> bool:
    of, name = names[0], names[-1]
    if name == "open":
        if of == "os":
            of_nothing = ast.unparse(call.args[0]) == "os.devnull"
            return not (of_nothing or _only_reads(call.args[1]))
        position = 1 if names == ["open"] else 0
        given = [word.value for word in call.keywords if word.arg == "mode"]
        mode = [*call.args[position : position + 1], *given]
        return any(not _is_reading(each) for each in mode)
    if names == ["os", name]:
        return name in CHANGES_BY_PATH
    if names == ["shutil", name]:
        return name not in ("which", "disk_usage")
    is_method = len(names) > 1
    return is_method and (
        name in PATH_CHANGES or (name == "replace" and len(call.args) == 1 and not call.keywords)
    )


def _is_reading(mode: ast.expr) -> bool:
    return isinstance(mode, ast.Constant) and set(str(mode.value)) <= set("rbt")


def _only_reads(flags: ast.expr) -> bool:
    """Whether flags are written out, and none of them writes."""
    reading = {"O_RDONLY", "O_PATH", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK"}
    reading.add("O_NOCTTY")
    names = [each for each in ast.walk(flags) if isinstance(each, ast.Name | ast.Attribute)]
    written_out = {each.attr for each in names if isinstance(each, ast.Attribute)}
    others = {each.id for each in names if isinstance(each, ast.Name)} - {"os"}
    return written_out <= reading and not others


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.chown(path, 1, 1)",
        "import os\nos.rename(a, b, src_dir_fd=c, dst_dir_fd=c)",
        "import os\nos.open(path, os.O_RDWR | os.O_CREAT)",
        "import os\nos.open(path, flags)",
        "import os\nos.open(path, os.O_RDONLY | MORE)",
        "from os import mkdir",
        "from tempfile import mkdtemp",
        "from shutil import rmtree",
        "import shutil\nshutil.move(a, b)",
        "open(path, 'w')",
        "open(path, mode=how)",
        "path.open('ab')",
        "path.open('r+')",
        "path.parent.open(mode='x')",
        "path.write_text('')",
        "(folder / name).unlink()",
        "path.replace(other)",
        "folder.joinpath(name).symlink_to(x)",
    ],
)
def test_a_change_by_path_is_seen(text: str) -> None:
    assert changes_by_path(Module("m", ast.parse(text))) != []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.fchown(descriptor, 1, 1)\nos.fchmod(descriptor, 0o600)",
        "import os\nos.open(path, os.O_RDONLY | os.O_NOFOLLOW)",
        "import os\nos.open(os.devnull, flags)",
        "import shutil\nshutil.which('mysqld')",
        "open(path)",
        "open(path, 'rb')",
        "path.open()",
        "path.open('rb')",
        "text.replace('a', 'b')",
        "replace(change, name=1)",
        "moment.replace(tzinfo=None)",
        "directory.move(old, new)",
    ],
)
def test_reading_and_what_is_done_by_descriptors_is_none(text: str) -> None:
    assert changes_by_path(Module("m", ast.parse(text))) == []


@pytest.mark.parametrize("module", modules_outside(*PRIVILEGED), ids=lambda module: module.name)
def test_only_an_open_directory_changes_files(module: Module) -> None:
    assert changes_by_path(module) == []


@pytest.mark.parametrize("name", PRIVILEGED)
def test_who_changes_files_does(name: str) -> None:
    """Whoever does it no longer leaves the list."""
    assert any(changes_by_path(module) for module in modules_in(name))


# 2. Who knows which library


@pytest.mark.parametrize(
    ("packages", "rooms"),
    [
        (("typer", "click"), ("advisor.cli", "advisor.lazy_commands", "advisor.commands")),
        (("rich",), ("advisor.output", "advisor.commands")),
        (("jinja2",), ("advisor.output",)),
        (("random",), (*CLOCKS, "advisor.capacity")),
        (("secrets", "uuid"), CLOCKS),
        (("tomli", "tomllib"), ("advisor.knowledge", "advisor.importers")),
    ],
)
def test_a_library_is_known_only_where_it_belongs(
    packages: tuple[str, ...], rooms: tuple[str, ...]
) -> None:
    known = {module.name: module.imports_package(*packages) for module in modules_outside(*rooms)}
    assert {name: found for name, found in known.items() if found} == {}


def test_charts_need_no_library() -> None:
    """They are drawn as SVG by advisor/output/charts; matplotlib would be 170 MB more."""
    paths = [path for folder in ("advisor", "tests") for path in (CHECKOUT / folder).rglob("*.py")]
    modules = [Module(str(path), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]
    assert len(modules) > 100
    found = {module.name: module.imports_package("matplotlib") for module in modules}
    assert {name: imported for name, imported in found.items() if imported} == {}
    assert "matplotlib" not in (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")


# 3. What is pure


PURE_MAY_IMPORT: Final = {
    "array",
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "difflib",
    "fractions",
    "abc",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "pathlib",
    "shlex",
    "pydantic",
    "random",
    "re",
    "signal",
    "statistics",
    "string",
    "typing",
}
"""Nothing in these knows a clock (but for datetime's, which law 1 forbids), a file or the
environment; chance only in random, of which the next law takes nothing but what is seeded."""


@pytest.mark.parametrize("module", modules_in(*PURE), ids=lambda module: module.name)
def test_the_pure_rooms_draw_from_a_given_seed_alone(module: Module) -> None:
    assert set(module.imports_package("random")) <= {"random.Random"}
    made = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Random"
    ]
    assert [node.lineno for node in made if not node.args] == []


@pytest.mark.parametrize("module", modules_in(*PURE), ids=lambda module: module.name)
def test_the_pure_rooms_import_nothing_impure(module: Module) -> None:
    packages = {name.split(".")[0] for name in module.imports()}
    assert packages - PURE_MAY_IMPORT - {"advisor"} == set()
    ours = {MODULES[name] for name in GRAPH[module.name]}
    allowed = (*PURE, "advisor.measurement", "advisor.measurement_file")
    impure = {module.name for module in ours if not module.lies_in(allowed)}
    assert impure - {"advisor", "advisor.errors"} == set()


@pytest.mark.parametrize("module", modules_in(*PURE), ids=lambda module: module.name)
def test_the_pure_rooms_call_nothing_impure(module: Module) -> None:
    impure = {"open", "print", "input", "exec", "eval", "compile", "__import__", "hash", "id"}
    assert {called(call) for call in module.calls()} & impure == set()


# 4. Up and down


def test_nothing_imports_the_command_line() -> None:
    importers = [name for name, imported in GRAPH.items() if "advisor.cli" in imported]
    assert importers == ["advisor.__main__"]  # the program itself


def layer_and_room(name: str) -> tuple[int, str]:
    """Where a module stands, and its room there."""
    found = [
        (number, room)
        for number, rooms in enumerate(LAYERS)
        for room in rooms
        if name == room or (room != "advisor" and name.startswith(f"{room}."))
    ]
    assert found, f"{name} stands in no layer"
    return max(found, key=lambda place: len(place[1]))  # a module may stand below its room


@pytest.mark.parametrize("name", GRAPH)
def test_imports_go_downward(name: str) -> None:
    layer, room = layer_and_room(name)
    upward = [
        imported
        for imported in GRAPH[name]
        if layer_and_room(imported)[1] != room and layer_and_room(imported)[0] >= layer
    ]
    assert upward == []


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Sets of modules that import each other, directly or not (Tarjan's components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        path.append(name)
        for imported in graph[name]:
            if imported not in index:
                visit(imported)
                low[name] = min(low[name], low[imported])
            elif imported in path:
                low[name] = min(low[name], index[imported])
        if low[name] == index[name]:
            component = path[path.index(name) :]
            del path[path.index(name) :]
            if len(component) > 1 or name in graph[name]:
                found.append(sorted(component))

    for name in graph:
        if name not in index:
            visit(name)
    return found


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"d"}, "e": {"a"}, "f": set[str]()}
    assert sorted(circles(graph)) == [["a", "b", "c"], ["d"]]


def test_no_module_imports_itself_in_the_end() -> None:
    assert circles(GRAPH) == []


SERVER_ROOMS: Final = sorted(
    name
    for name in MODULES
    if name.startswith("advisor.servers.") and any(f.startswith(f"{name}.") for f in MODULES)
)


def face(room: str) -> set[str]:
    """What a room offers to others: its __all__."""
    (names,) = [
        ast.literal_eval(node.value)
        for node in MODULES[room].tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return set(names)


@pytest.mark.parametrize("room", SERVER_ROOMS)
def test_a_room_of_servers_has_one_face(room: str) -> None:
    """Who is not of the room imports what the room offers, and from nowhere inside it."""
    assert len(ast.get_docstring(MODULES[room].tree) or "") > 30
    offered = {f"{room}.{name}" for name in face(room)}
    assert offered.isdisjoint(MODULES), "a name that is a module's, too, is told apart by luck"
    reached = {
        (module.name, imported)
        for module in modules_outside(room)
        for imported in module.imports()
        if imported.startswith(f"{room}.")
    }
    assert {pair for pair in reached if pair[1] not in offered} == set()


# 5. Templates hold no arithmetic and no decisions

TEMPLATES: Final = sorted((CHECKOUT / "templates").rglob("*.j2"))

PLAIN: Final = (nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const)


def complaints(text: str) -> list[str]:
    """What a template does beyond showing values, loops, inclusion and "is it present"."""
    tree = Environment().parse(text)
    allowed = (nodes.Output, nodes.For, nodes.If, nodes.Include, *PLAIN)
    said = [type(node).__name__ for node in tree.find_all(nodes.Node) if type(node) not in allowed]
    for condition in tree.find_all(nodes.If):
        if not isinstance(condition.test, nodes.Name) or condition.elif_ or condition.else_:
            said.append(f"a decision in line {condition.lineno}")
    for loop in tree.find_all(nodes.For):
        if loop.test or loop.else_ or loop.recursive:
            said.append(f"a decision in line {loop.lineno}")
    return said


@pytest.mark.parametrize(
    "text",
    [
        "{{ 1 + 1 }}",
        "{{ size * 2 }}",
        "{{ -size }}",
        "{{ size / 2 }}",
        "{{ a ~ b }}",
        "{{ a if b else c }}",
        "{{ a | round }}",
        "{{ a | default('x') }}",
        "{{ a() }}",
        "{{ a['b'] }}",
        "{% if a > 1 %}{% endif %}",
        "{% if not a %}{% endif %}",
        "{% if a and b %}{% endif %}",
        "{% if a is defined %}{% endif %}",
        "{% if a.b %}{% endif %}",
        "{% if a %}{% else %}x{% endif %}",
        "{% if a %}{% elif b %}x{% endif %}",
        "{% for a in b if a %}{% endfor %}",
        "{% for a in b %}{% else %}x{% endfor %}",
        "{% for a in b | sort %}{% endfor %}",
        "{% for a in range(5) %}{% endfor %}",
        "{% set a = b %}",
        "{% macro a() %}{% endmacro %}",
        "{% include a + 'x' %}",
    ],
)
def test_arithmetic_and_decisions_in_a_template_are_seen(text: str) -> None:
    assert complaints(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "text {{ a }} and {{ a.b.c }}",
        "{% if a %}x{% endif %}",
        "{% for a in b %}{{ a.c }}{% endfor %}",
        "{% for a in b.c %}{% if d %}x{% endif %}{% endfor %}",
        '{% include "_head.j2" %}',
    ],
)
def test_showing_looping_and_asking_for_presence_are_allowed(text: str) -> None:
    assert complaints(text) == []


def test_there_are_templates() -> None:
    assert {path.name for path in TEMPLATES} >= {"innodb.cnf.j2", "postgresql.conf.j2"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_arithmetic_and_no_decisions(path: Path) -> None:
    assert complaints(path.read_text(encoding="utf-8")) == []


def test_an_undefined_name_in_a_template_is_an_error() -> None:
    made = [
        (module.name, {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords})
        for module in modules_in("advisor.output")
        for call in module.calls()
        if called(call).rpartition(".")[2] in ("Environment", "SandboxedEnvironment", "Template")
    ]
    assert made
    assert [name for name, options in made if options.get("undefined") != "StrictUndefined"] == []
