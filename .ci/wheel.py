"""Check what a wheel holds: exactly two packages, typed, with the Lua prelude, and nothing that belongs to tests."""

from __future__ import annotations

import sys
from zipfile import ZipFile

PACKAGES = {"actorflow", "hosts"}
NEEDED = {"actorflow/py.typed", "hosts/py.typed", "actorflow/cli/main.py", "actorflow/store/recorded_sqlite.json"}


def faults(names: list[str]) -> list[str]:
    """Return what is wrong with the list of files of a wheel, one sentence each."""
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    found = [f"unexpected at the top: {top}" for top in sorted(tops - PACKAGES)]
    found += [f"missing package: {top}" for top in sorted(PACKAGES - tops)]
    found += [f"missing file: {name}" for name in sorted(NEEDED - set(names))]
    if not any(name.startswith("actorflow/language/lua/") and name.endswith(".lua") for name in names):
        found.append("missing: the Lua prelude, actorflow/language/lua/*.lua")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
        found.append("missing: LICENSE")
    return found


def main(path: str) -> int:
    """Print the faults of the wheel at `path`; 1 when there is one."""
    with ZipFile(path) as wheel:
        names = wheel.namelist()
    found = faults(names)
    print("\n".join(found) or f"{path}: {len(names)} files, as it should be")  # noqa: T201 - this is a command
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
