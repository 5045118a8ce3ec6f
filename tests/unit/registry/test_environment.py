from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import INVALID, NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE, Error
from actorflow.registry.change import Change
from actorflow.registry.env_file import parse_lines, with_variable
from actorflow.registry.environment import Environment
from actorflow.registry.load import open_registry
from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
Texts: TypeAlias = Callable[[Registry], list[str]]

VARIABLES = """
    namespace: app.env
    entries:
      - {name: fixed, kind: env.storage.static, values: {HOST: box, PORT: 5433, DEBUG: true}}
      - {name: memory, kind: env.storage.memory, values: {SECRET: s3}}
      - {name: file, kind: env.storage.file, file_path: local.env}
      - {name: chain, kind: env.storage.router, storages: [memory, "app.env:fixed"]}
      - {name: host, kind: env.variable, variable: DB_HOST, storage: chain}
      - {name: HOST, kind: env.variable, variable: HOST, storage: chain}
      - {name: port, kind: env.variable, variable: PORT, storage: fixed, default: 80}
      - {name: none, kind: env.variable, variable: NONE, storage: memory, default: own}
      - {name: limit, kind: env.variable, variable: LIMIT, storage: memory, default: 7}
      - {name: SECRET, kind: env.variable, storage: memory, readonly: true}
      - {name: home, kind: env.variable, variable: HOME}
      - {name: unset, kind: env.variable, variable: UNSET, storage: memory}
"""


def environment_of(registry: Registry, directory: Path, **system: str) -> Environment:
    environment = Environment(directory, system)
    environment.declare({entry.id: entry.config for entry in registry.find("env.*")})
    return environment


@pytest.fixture
def declared(load: Load, tmp_path: Path) -> Environment:
    registry = load(VARIABLES)
    assert registry.faults == ()
    return environment_of(registry, tmp_path / "config", HOME="/home", HOST="system", UNSET="system")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "box"),
        ("app.env:HOST", "box"),
        ("PORT", 5433),
        ("app.env:port", 5433),
        ("NONE", "own"),
        ("LIMIT", 7),
        ("app.env:SECRET", "s3"),
        ("SECRET", None),
        ("HOME", "/home"),
        ("UNSET", "system"),
        ("app.env:unset", None),
        ("OTHER", None),
    ],
)
def test_a_variable_is_found_by_name_or_id_in_its_storage_then_its_default_then_the_system(
    declared: Environment, name: str, value: object
) -> None:
    assert declared.get(name) == value
    assert type(declared.get(name)) is type(value)


def test_what_is_set_goes_to_the_first_storage_of_a_chain(declared: Environment) -> None:
    variable = declared.declared("HOST")
    assert variable is not None
    declared.storage(variable).set("HOST", "other")
    assert declared.get("HOST") == "other"


def test_fixed_storages_refuse_to_be_set(declared: Environment) -> None:
    for name in ("PORT", "HOME"):
        variable = declared.declared(name)
        assert variable is not None
        with pytest.raises(Error) as caught:
            declared.storage(variable).set(name, "1")
        assert caught.value.kind == PERMISSION_DENIED


USES = """
    namespace: app
    entries:
      - {name: v, kind: env.variable, variable: FILE, storage: s, default: own.db}
      - {name: s, kind: env.storage.static, values: {LIMIT: 12}}
      - {name: limit, kind: env.variable, variable: LIMIT, storage: s}
      - {name: db, kind: db.sql.sqlite, file: "${env:FILE|inline.db}"}
      - {name: by_id, kind: db.sql.sqlite, file: "x-${env:app:v}"}
      - {name: runs, kind: workflow.host, concurrency: "${env:LIMIT|3}"}
      - {name: sibling, kind: workflow.host, concurrency_env: LIMIT}
      - {name: nested, kind: db.sql.sqlite, file: x.db, pool: {max_open_env: LIMIT}}
      - {name: kept, kind: workflow.host, concurrency: 5, concurrency_env: NOWHERE}
"""


def test_placeholders_and_siblings_resolve_against_variables_first(load: Load) -> None:
    registry = load(USES, environment={"FILE": "system.db", "LIMIT": "99"})
    assert registry.faults == ()
    assert registry.entry("app:db").config.file == "own.db"
    assert registry.entry("app:by_id").config.file == "x-own.db"
    assert registry.entry("app:runs").config.concurrency == 12
    assert registry.entry("app:sibling").config.concurrency == 12
    assert registry.entry("app:kept").config.concurrency == 5
    assert registry.entry("app:nested").config.pool.max_open == 12


def test_siblings_give_a_server_its_address_and_secrets(load: Load, texts: Texts) -> None:
    registry = load(
        """
        namespace: app
        entries:
          - {name: secrets, kind: env.storage.static, values: {DB_PASSWORD: 12345}}
          - {name: password, kind: env.variable, variable: DB_PASSWORD, storage: secrets}
          - {name: db, kind: db.sql.postgres, host_env: DB_HOST, port_env: DB_PORT, database: shop, username_env: DB_USER,
             password_env: "app:password", options: {sslmode: disable}}
        """,
        environment={"DB_HOST": "db.example", "DB_PORT": "5433"},
    )
    assert texts(registry) == [
        (
            "config/app.yaml:5  app:db username_env  got DB_USER, which is not set, expected DB_USER in the environment, "
            "or `username:` for that case"
        )
    ]
    registry = load(
        """
        namespace: app
        entries:
          - {name: db, kind: db.sql.postgres, host_env: DB_HOST, port_env: DB_PORT, database: shop, password_env: SECRET}
        """,
        environment={"DB_HOST": "db.example", "DB_PORT": "5433", "SECRET": "12345"},
    )
    assert texts(registry) == []
    config = registry.entry("app:db").config
    assert (config.host, config.port, config.password) == ("db.example", 5433, "12345")


def test_the_entry_keeps_the_raw_placeholder_and_boots_after_the_variable(load: Load) -> None:
    registry = load(USES)
    assert registry.entry("app:db").data["file"] == "${env:FILE|inline.db}"
    order = registry.order
    for user, variable in (("app:db", "app:v"), ("app:by_id", "app:v"), ("app:sibling", "app:limit")):
        assert order.index(variable) < order.index(user)
    assert order.index("app:s") < order.index("app:v")


def test_what_cannot_be_resolved_is_a_fault_of_the_entry(load: Load, texts: Texts) -> None:
    registry = load("""
        namespace: app
        entries:
          - {name: s, kind: env.storage.file, file_path: none.env}
          - {name: v, kind: env.variable, variable: FILE, storage: s}
          - {name: db, kind: db.sql.sqlite, file: "${env:FILE|x}"}
          - {name: other, kind: db.sql.sqlite, file_env: NOWHERE}
          - {name: bad, kind: env.variable, variable: "a b"}
          - {name: lost, kind: env.variable, variable: LOST, storage: nowhere}
          - {name: ring, kind: env.storage.router, storages: [ring2]}
          - {name: ring2, kind: env.storage.router, storages: [ring]}
          - {name: w, kind: env.variable, variable: RING, storage: ring}
          - {name: third, kind: db.sql.sqlite, file: "${env:RING}"}
    """)
    found = "\n".join(texts(registry))
    assert "file  got ${env:FILE}: cannot read the variables in" in found
    assert "file_env  got NOWHERE, which is not set, expected NOWHERE in the environment, or `file:`" in found
    assert "storage  got app:nowhere, which does not exist" in found
    assert "storages of variables lead in a ring: app:ring → app:ring2 → app:ring" in found
    assert registry.entry("app:bad").broken


def test_a_file_is_read_again_when_it_changed_and_keeps_its_other_lines(load: Load, tmp_path: Path) -> None:
    registry = load(
        {
            "config/app.yaml": """
                namespace: app
                entries:
                  - {name: s, kind: env.storage.file, file_path: local.env}
                  - {name: new, kind: env.storage.file, file_path: new/made.env, auto_create: true}
                  - {name: a, kind: env.variable, variable: A, storage: s}
                  - {name: b, kind: env.variable, variable: B, storage: new}
            """,
            "config/local.env": '# comment\nexport A="one # two"\nOTHER=x # y\n',
        }
    )
    place = environment_of(registry, tmp_path / "config")
    first, second = place.declared("A"), place.declared("B")
    assert first is not None
    assert second is not None
    assert place.get("A") == "one # two"
    place.storage(first).set("A", "line\nbreak")
    assert place.get("A") == "line\nbreak"
    assert (tmp_path / "config/local.env").read_text() == '# comment\nA="line\\nbreak"\nOTHER=x # y\n'
    assert place.get("B") is None
    place.storage(second).set("B", "1")
    assert place.get("B") == "1"
    assert (tmp_path / "config/new/made.env").stat().st_mode & 0o777 == 0o600
    (tmp_path / "config/local.env").unlink()
    with pytest.raises(Error) as caught:
        place.get("A")
    assert caught.value.kind == UNAVAILABLE
    with pytest.raises(Error) as caught:
        place.storage(second).set("B", "a\0b")
    assert caught.value.kind == INVALID


def test_a_storage_that_is_gone_is_not_found(tmp_path: Path, load: Load) -> None:
    registry = load("namespace: app\nentries:\n  - {name: a, kind: env.variable, variable: A}")
    config = registry.entry("app:a").config.model_copy(update={"storage": "app:gone"})
    place = Environment(tmp_path, {})
    place.declare({"app:a": config})
    with pytest.raises(Error) as caught:
        place.get("A")
    assert caught.value.kind == NOT_FOUND


def test_a_change_of_the_registry_changes_the_environment_and_storages_keep_what_was_set(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(
        "namespace: app\nentries:\n  - {name: m, kind: env.storage.memory}\n"
        "  - {name: a, kind: env.variable, variable: A, storage: m}\n"
    )
    live = open_registry(tmp_path, environment={}, modules={})
    first = live.environment.declared("A")
    assert first is not None
    live.environment.storage(first).set("A", "kept")
    live.apply([Change("create", "app:b", "env.variable", {}, {"variable": "B", "storage": "m", "default": 3})])
    assert (live.environment.get("A"), live.environment.get("B")) == ("kept", 3)
    live.apply([Change("create", "app:db", "db.sql.sqlite", {}, {"file": "${env:A}.db"})])
    assert live.entry("app:db").config.file == "kept.db"
    live.apply([Change("delete", "app:b")])
    assert live.environment.get("B") is None


LINES = st.text(st.sampled_from("AB=#'\"\\ \n\tx"), max_size=30)
NAMES = st.sampled_from(["A", "B", "AB"])


@given(LINES, NAMES, st.text(max_size=20).filter(lambda text: "\0" not in text))
def test_what_is_written_to_a_file_is_read_back_and_the_rest_stays(text: str, name: str, value: str) -> None:
    before = parse_lines(text)
    assert parse_lines(with_variable(text, name, value)) == {**before, name: value}
