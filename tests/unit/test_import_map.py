"""The map of the rooms: which module may import which when it is loaded. Imports point downwards only.

Whoever adds a module, or an import, adds it here, and so decides where in the house it belongs. What only annotations
need (under ``TYPE_CHECKING``) costs nothing at run time and is free. What is imported inside a function is paid later,
or never, and has a table of its own.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "extension"

# module -> what it imports, from the bottom of the house upwards: nothing stands before what it needs.
ALLOWED = {
    "extension": "",
    "api.conditions": "",
    "api.ranges": "",
    "aws": "",
    "aws.connection": "",
    "aws.xml": "",
    "boot": "",
    "clock": "",
    "dates": "",
    "errors": "",
    "fetcher": "",
    "files": "",
    "freshness": "",
    "health": "",
    "http1": "",
    "http1.fields": "",
    "jsontext": "",
    "marker": "",
    "naming": "",
    "percent": "",
    "quantities": "",
    "quotas": "",
    "reading": "",
    "settings.documents": "",
    "settings.names": "",
    "single_flight": "",
    "sources": "",
    "sources.listing": "",
    "sources.object": "",
    "statistics": "sources.listing",
    "libc": "",
    "api.target": "percent",
    "aws.call": "aws.connection",
    "aws.checksums": "",
    "aws.endpoints": "percent",
    "aws.outcome": "aws.xml errors jsontext",
    "aws.pool": "aws.connection",
    "aws.sigv4": "percent",
    "aws.trust": "aws.connection",
    "cache": "freshness reading",
    "http1.body": "http1.fields",
    "http1.rendering": "http1.fields",
    "lifecycle": "errors",
    "logs": "jsontext",
    "manifest": "errors",
    "prefetch": "errors sources.listing",
    "proxies": "percent",
    "recent": "freshness",
    "refresher": "errors",
    "report": "statistics",
    "resolution": "manifest sources.listing",
    "resources": "naming",
    "restore": "freshness",
    "settings.values": "errors naming quantities settings.names",
    "sources.parameter": "jsontext",
    "ahead": "aws.connection aws.endpoints errors quotas",
    "api.guards": "aws.call errors",
    "aws.directory": "aws.call aws.endpoints aws.outcome jsontext",
    "rounds": "aws.call aws.connection aws.outcome errors",
    "http1.request": "http1.body http1.fields",
    "http1.response": "http1.body http1.fields",
    "references": "errors manifest naming percent quantities resources",
    "sources.batching": "aws.outcome errors",
    "sources.bucket_regions": "aws.endpoints aws.xml",
    "api.questions": "api.target percent references sources.listing",
    "assembly": "ahead aws.directory aws.pool aws.trust fetcher",
    "aws.credentials": (
        "aws.connection aws.endpoints aws.outcome dates http1.fields http1.rendering http1.response jsontext"
    ),
    "aws.exchange": "aws.call aws.connection http1.fields http1.rendering http1.response",
    "aws.tunnel": "aws.connection http1.fields http1.rendering http1.response proxies",
    "http1.message": "http1.fields http1.rendering http1.request http1.response",
    "settings": "quantities references settings.names settings.values",
    "settings.file": "errors naming quantities references settings.documents settings.names",
    "sources.get_object": "aws.call aws.outcome percent sources.object",
    "sources.list_objects": "aws.outcome aws.xml percent sources.listing",
    "sources.ranged": "aws.call aws.outcome errors files",
    "sources.parameter_store": "aws.outcome errors quotas sources.batching sources.listing sources.parameter",
    "sources.s3": "aws.call aws.endpoints aws.outcome errors sources.bucket_regions sources.listing",
    "sources.secrets_manager": "aws.outcome errors quotas sources.batching",
    "app": "clock errors logs settings",
    "aws.client": "aws.call aws.connection aws.endpoints aws.exchange aws.outcome aws.sigv4 dates errors http1.fields",
    "aws.roles": "aws.call aws.credentials aws.outcome aws.xml dates errors freshness percent",
    "http1.connection": "http1.message",
    "tables": "",
    "tables.problems": "aws.outcome errors",
    "tables.delimited": "jsontext tables.problems",
    "tables.documents": "jsontext tables.problems",
    "tables.files": "files tables.problems",
    "tables.index": "jsontext tables.problems",
    "tables.sqlite": "jsontext percent tables.problems",
    "tables.making": (
        "errors jsontext tables.delimited tables.documents tables.files tables.index tables.problems tables.sqlite"
    ),
    "tables.table": "tables.index tables.making tables.sqlite",
    "tables.registry": (
        "aws.connection aws.outcome errors sources.object tables.files tables.making tables.problems tables.table"
    ),
    "identity": "aws.endpoints references sources.listing sources.parameter sources.secrets_manager",
    "lambda_api": "errors http1.message jsontext",
    "local": "boot clock errors libc logs settings",
    "__main__": "local",
    "api.problems": "http1.connection jsontext",
    "holdings": (
        "aws.outcome cache freshness identity recent sources.listing sources.object sources.parameter "
        "sources.secrets_manager"
    ),
    "http1.loop": "http1.connection",
    "api.reading": "api.problems reading",
    "unlisted": "aws.outcome",
    "loader": "aws.outcome errors reading rounds sources.listing sources.parameter",
    "store": "errors freshness holdings loader reading recent rounds single_flight statistics",
    "api.native": (
        "api.conditions api.problems api.ranges api.reading errors http1.connection jsontext reading sources.listing"
    ),
    "api.parameters_and_secrets": (
        "api.problems api.questions api.reading api.target dates errors http1.connection jsontext references"
    ),
    "api.secrets_agent": (
        "api.parameters_and_secrets api.questions api.reading api.target aws.outcome errors http1.connection jsontext "
        "naming percent"
    ),
    "api.batch": "api.native api.problems api.questions api.reading errors http1.connection jsontext",
    "api.tables": (
        "api.batch api.conditions api.native api.problems api.questions api.reading api.target errors http1.connection "
        "jsontext percent"
    ),
    "api": (
        "api.batch api.guards api.native api.parameters_and_secrets api.problems api.questions api.target "
        "http1.connection jsontext"
    ),
}

# module -> what its functions import.
LATER = {
    "api": "api.secrets_agent api.tables",
    "api.batch": "api.tables",
    "aws.connection": "aws.tunnel",
    "aws.xml": "pyexpat",
    "boot": "app logs",
    "http1.loop": "libc",
    "jsontext": "_json json",
    "settings.documents": "_json json json.decoder tomllib",
    "settings.values": "proxies",
    "libc": "_ctypes",
    "assembly": (
        "api api.guards aws.client aws.credentials aws.roles files health http1.loop marker prefetch proxies refresher "
        "resolution restore sources.listing sources.parameter_store sources.s3 sources.secrets_manager store "
        "tables.registry"
    ),
    "settings": "settings.file",
    "sources.get_object": "aws.checksums sources.ranged",
    "sources.s3": "sources.get_object sources.list_objects",
    "store": "unlisted",
    "app": "assembly lambda_api libc lifecycle marker report",
    "local": "assembly aws.credentials aws.outcome boto3 report",
}

# They put the others together: nobody imports them but one another.
ROOTS = {"boot", "app", "assembly", "local", "__main__"}

# What of the standard library is loaded with a module: what is built in, frozen or a C accelerator. An import of
# anything else is paid by every cold start, in milliseconds (``ssl`` 33, ``json`` 20, ``re`` 15, ``threading`` 13).
LIBRARY = {
    *("_hashlib", "_operator", "_queue", "_socket", "_ssl", "_thread"),
    *("binascii", "errno", "fcntl", "gc", "os", "posix", "select", "stat", "sys", "time"),
}
# Loaded by one module alone: the one vendored library; never in Lambda.
ELSEWHERE = {"cachetools": "cache", "signal": "local"}
# Loaded only where a list has a table.
FOR_TABLES = {"_bisect", "_csv", "_signal", "_sqlite3", "array", "fcntl", "mmap", "resource", "zlib"}
FORBIDDEN = {
    *("json", "re", "ssl", "socket", "threading", "selectors", "urllib", "http", "email", "logging", "dataclasses"),
    *("typing", "enum", "datetime", "hashlib", "hmac", "base64", "collections", "functools", "random", "pathlib"),
    *("asyncio", "concurrent", "multiprocessing", "subprocess", "inspect", "contextlib", "abc", "requests", "boto3"),
}


def module_name(path):
    """``extension/aws/client.py`` is "aws.client", ``extension/api/__init__.py`` is "api"."""
    parts = [part for part in path.relative_to(ROOT).with_suffix("").parts if part != "__init__"]
    return ".".join(parts) or "extension"


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


class Imports(ast.NodeVisitor):
    """What one module imports: when it is loaded, and inside its functions."""

    def __init__(self, source):
        self.own = set()
        self.library = set()
        self.own_later = set()
        self.library_later = set()
        self._depth = 0
        self.visit(ast.parse(source))

    def visit_If(self, node):
        if ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.orelse:
                self.visit(each)
        else:
            self.generic_visit(node)

    def visit_FunctionDef(self, node):
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    def visit_AsyncFunctionDef(self, node):
        self.visit_FunctionDef(node)

    def visit_Import(self, node):
        for alias in node.names:
            self._note(alias.name)

    def visit_ImportFrom(self, node):
        assert node.level == 0, "a relative import"
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            self._note(inner if inner.removeprefix("extension.") in MODULES else node.module)

    def _note(self, name):
        if name == "__future__":
            return
        own = name.partition(".")[0] == "extension"
        short = name.removeprefix("extension.")
        tables = (self.own_later, self.library_later) if self._depth else (self.own, self.library)
        tables[0 if own else 1].add(short)


IMPORTS = {name: Imports(path.read_text("utf-8")) for name, path in MODULES.items()}


def test_the_map_names_every_module_and_no_other():
    assert sorted(MODULES) == sorted(ALLOWED)


@pytest.mark.parametrize("name", MODULES)
def test_each_module_imports_exactly_what_the_map_says(name):
    assert sorted(ALLOWED.get(name, "").split()) == sorted(IMPORTS[name].own)


def test_imports_point_downwards_only():
    above = list(ALLOWED)
    assert [] == [
        f"{name} imports {other}"
        for position, (name, others) in enumerate(ALLOWED.items())
        for other in others.split()
        if other not in above[:position]
    ]


def test_nobody_imports_who_puts_the_others_together():
    assert [] == [
        f"{name} imports {other}"
        for name in MODULES
        if name not in ROOTS
        for other in IMPORTS[name].own
        if other in ROOTS
    ]


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("http1.", ("aws", "api", "sources", "store", "settings")),
        ("aws.", ("api", "sources", "store", "settings", "fetcher", "http1.connection", "http1.loop", "http1.request")),
        ("sources.", ("api", "store", "settings", "fetcher", "http1", "cache", "aws.client", "aws.pool")),
        ("settings", ("api", "aws", "sources", "store", "http1", "logs")),
        ("tables", ("api", "aws.client", "aws.pool", "store", "settings", "fetcher", "http1", "cache")),
        ("store", ("api", "aws.client", "aws.pool", "aws.credentials", "http1", "settings")),
        ("api", ("aws.client", "aws.pool", "aws.credentials", "fetcher", "cache", "holdings", "settings")),
    ],
)
def test_no_room_looks_into_one_that_is_not_its_business(room, never):
    assert [] == [
        f"{name} imports {other}"
        for name in MODULES
        if name.startswith(room)
        for other in IMPORTS[name].own
        if any(other == each or other.startswith(each + ".") for each in never)
    ]


@pytest.mark.parametrize("name", MODULES)
def test_each_module_loads_only_what_is_cheap_of_the_library(name):
    loaded = {module for module in IMPORTS[name].library if ELSEWHERE.get(module) != name}

    assert set() == loaded & FORBIDDEN
    assert loaded <= (LIBRARY | FOR_TABLES if name.startswith("tables.") else LIBRARY)


def test_what_is_imported_later_is_known_too():
    later = {name: found.own_later | found.library_later for name, found in IMPORTS.items()}

    assert {name: set(text.split()) for name, text in LATER.items()} == {
        name: found for name, found in later.items() if found
    }


def test_annotations_stay_annotations_everywhere():
    """So that nothing of ``typing`` is needed at run time. Boot says what it means in quotes: the import costs."""
    without = [
        name
        for name, path in MODULES.items()
        if ":" in path.read_text("utf-8") and "from __future__ import annotations\n" not in path.read_text("utf-8")
    ]

    assert {"boot"} == {name for name in without if IMPORTS[name].own or IMPORTS[name].library} - {"__main__"}
