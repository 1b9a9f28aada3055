"""Who works on the songs of a collection: the machines of a Ray cluster.

Ray finds a machine with a free core and enough memory. There a song has a process of its own, as in
a local crew, whose limits and whose death are told in the same way.
"""

from collections.abc import Sequence
from typing import Any

from mixtrace.corpus.crew import Crew, Job, LocalCrew, Task
from mixtrace.corpus.ledger import Ended
from mixtrace.errors import MixtraceError

__all__ = ["RayCrew"]

_LOOK_EVERY_S = 0.5
_A_CORE = 2
"""Songs given to the cluster for each of its cores: the next is there when one is free."""


class RayCrew(Crew):
    """The machines of a Ray cluster; all must see corpus and data set at the same paths."""

    def __init__(
        self,
        task: Task,
        address: str,
        *,
        limit_s: float | None = None,
        limit_bytes: int | None = None,
    ) -> None:
        """Join a cluster.

        Args:
            task: what is done to each song.
            address: of the cluster, as Ray takes it; `local` for a new one on this machine.
            limit_s: how long a song may take.
            limit_bytes: how much memory a song may hold.

        Raises:
            MixtraceError: Ray is not installed, or no cluster answers.
        """
        self._ray = _joined(address)
        self._task, self._limits = task, (limit_s, limit_bytes)
        self._remote = self._ray.remote(max_retries=0, num_cpus=1)(_alone)
        self._running: dict[Any, Job] = {}

    def takes(self, job: Job) -> bool:
        """Return whether the cluster has not too many songs that wait."""
        cores = int(self._ray.cluster_resources().get("CPU", 0))
        return len(self._running) < _A_CORE * max(1, cores)

    def why_never(self, job: Job) -> str:
        """Return why no machine of the cluster is large enough for the song."""
        nodes = [each["Resources"].get("memory", 0.0) for each in self._ray.nodes()]
        there = max(nodes, default=0.0)
        if job.needs_bytes <= there:
            return ""
        return (
            f"Expected a song that fits into {there / 1e9:.1f} GB, the memory of the largest "
            f"machine of the cluster; this one needs about {job.needs_bytes / 1e9:.1f} GB. Add a "
            "larger machine."
        )

    def begin(self, job: Job) -> None:
        """Give a song to the cluster."""
        placed = self._remote.options(memory=job.needs_bytes)
        arguments = (self._task, *self._limits, job.song, job.arguments)
        self._running[placed.remote(*arguments)] = job

    def ended(self) -> Sequence[Ended]:
        """Return the songs that ended."""
        finished, _ = self._ray.wait(list(self._running), timeout=_LOOK_EVERY_S)
        return [self._ended(reference, self._running.pop(reference)) for reference in finished]

    def stop(self) -> None:
        """Stop all work and leave the cluster."""
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running.clear()
        self._ray.shutdown()

    def _ended(self, reference: Any, job: Job) -> Ended:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            why = f"The cluster lost it: {' '.join(str(error).split())[:500]}"
            return Ended(job.song, "crashed", why)


def _alone(
    task: Task,
    limit_s: float | None,
    limit_bytes: int | None,
    song: str,
    arguments: tuple[Any, ...],
) -> Ended:
    """Do the work on a song in a process of its own, on the machine where this runs."""
    with LocalCrew(task, 1, limit_s=limit_s, limit_bytes=limit_bytes) as crew:
        crew.begin(Job(song, int, arguments))
        while True:
            for ended in crew.ended():
                return ended


def _joined(address: str) -> Any:
    """Return the package Ray, connected to a cluster."""
    try:
        import ray
    except ImportError as error:
        raise MixtraceError(
            "Expected the package ray, which is not installed. Install it with: "
            "pip install 'mixtrace[ray]'"
        ) from error
    try:
        ray.init(address, include_dashboard=None, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise MixtraceError(
            f"Expected a Ray cluster at {address!r}; it did not answer "
            f"({' '.join(str(error).split())[:200]}). Start one with: ray start --head"
        ) from error
    return ray
