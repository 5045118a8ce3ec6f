"""Joining a cluster: what the section `node` of node.yaml says becomes a mesh that serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from actorflow.mesh.cluster import Cluster
from actorflow.mesh.meeting import Peer, Timing
from actorflow.mesh.mesh import Mesh
from actorflow.mesh.nng import NngTransport, Tls

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.registry.node_file import NodeSection


async def join(node: Node, section: NodeSection, directory: Path) -> None:
    """Make a node one of its cluster; files of TLS are looked up in `directory`.

    Raises:
        Error: kind Invalid for files that cannot be used, Unavailable when the address cannot be listened at.
    """
    transport = NngTransport(section.listen, section.advertise, _tls(section, directory))

    def cluster(mesh: Mesh) -> Cluster:
        return Cluster(
            Peer(node.name, node.boot, transport.address),
            transport,
            section.secret,
            cluster=section.cluster,
            seeds=section.seeds,
            timing=Timing(section.heartbeat, section.down_after),
            guest=mesh,
            notices=node.notices,
            wall=node.clock.now,
        )

    mesh = Mesh(node, cluster, section.names)
    await mesh.open()
    await node.nursery.start(mesh.serve)


def _tls(section: NodeSection, directory: Path) -> Tls | None:
    tls = section.tls
    if tls is None:
        return None
    return Tls(directory / tls.ca, directory / tls.certificate, directory / tls.key, tls.server_name)
