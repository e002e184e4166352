"""The control groups that this process is in (Linux, version 1 and 2): what a container may use is theirs to limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MEMBERSHIP = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


def own_groups(controller: str) -> Iterator[tuple[int, Path]]:
    """Version and folder of each group by which `controller` ("memory", "cpu") may limit this process, outer ones too.

    Nothing where there are none. A folder need not exist: inside a container the path may be the host's, while the root
    that is seen is the container's own group.
    """
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            version, root = 2, GROUPS
        elif controller in controllers.split(","):
            version, root = 1, GROUPS / controller
        else:
            continue
        own = root / path.strip("/")
        for group in (own, *own.parents):
            yield version, group
            if group == root:
                break
