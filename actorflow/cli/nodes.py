"""`actorflow nodes`: the nodes of a cluster as one of them sees them."""

from __future__ import annotations

from actorflow.cli.option import AsJson, Data, Directory
from actorflow.cli.output import print_rows
from actorflow.cli.place import Place


def nodes(as_json: AsJson = False, directory: Directory = None, data: Data = None) -> None:  # noqa: FBT002
    """List the nodes that the running node knows, itself first, and whether they are up."""
    rows = Place.of(directory, data).client().request("nodes", {})
    print_rows(rows, ("name", "state", "address", "incarnation", "since", "reason"), as_json=as_json, empty="no nodes")
