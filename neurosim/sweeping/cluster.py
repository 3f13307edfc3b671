"""Run jobs on the workers of a Dask scheduler, be they processes of this machine or of others.

The workers hold the installed package and no compiler. A job brings the compiled circuits that it
is likely to need; a run that turns out to need another one says so, the circuit is built here,
once, and the run is sent again. Which circuits a run needs cannot be told beforehand, for what it
simulates may follow from what it has simulated.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurosim.errors import InputError, NeurosimError, SimulationError
from neurosim.progress import Progress
from neurosim.simulation.target import compiled
from neurosim.sweeping.builds import (
    Build,
    DeliveredSession,
    MissingBuildError,
    pack,
    request_of,
)
from neurosim.sweeping.identity import difference, identity
from neurosim.sweeping.jobs import Failed, Outcome, RunJob, StoppedError, in_a_sentence, perform
from neurosim.sweeping.tally import Tally

if TYPE_CHECKING:
    from distributed import Client, Future

    # Each job with the workers that it may run on, None for all.
    Sent = dict[Future[Any], tuple[RunJob, list[str] | None]]

CONNECTING = 10.0  # s until a scheduler counts as absent
LOOKING = 1.0  # s between two looks at who works
AHEAD = 2  # jobs that are sent for each thread, so that none waits for the next one


@dataclass(frozen=True)
class Missing:
    """A run needs a circuit that it did not bring."""

    circuit: str
    structure: Mapping[str, Any]


@dataclass(frozen=True)
class Refused:
    """A worker cannot take part."""

    address: str
    reason: str


# --------------------------------------------------------------------------------- on a worker

_stopped: set[str] = set()  # sweeps of which nothing more is wanted


class _UntilStopped(Progress):
    """Ends a simulation between two of its steps once its sweep is stopped."""

    def __init__(self, sweep: str) -> None:
        self._sweep = sweep

    def fraction(self, done: float) -> None:
        if self._sweep in _stopped:
            raise StoppedError


def stop(sweep: str) -> None:
    """End what this worker runs of a sweep."""
    _stopped.add(sweep)


def run_on_worker(
    job: RunJob, builds: Mapping[str, Build], home: Mapping[str, str], sweep: str
) -> Outcome | Missing | Refused | None:
    """Run a job on a worker; None if it was stopped.

    Parameters
    ----------
    job : RunJob
    builds : mapping of str to Build
        Compiled circuits by `request_of`.
    home : mapping of str to str
        What the machine computes with that sends the job.
    sweep : str
        What the job is stopped by.
    """
    from distributed import get_worker

    reason = difference(home, identity())
    if reason is not None:
        return Refused(get_worker().address, reason)

    def make_session(parameters: Any, circuit: str, seed: int, target: str) -> DeliveredSession:
        progress = _UntilStopped(sweep)
        return DeliveredSession(parameters, circuit, seed, target, progress, builds=builds)

    try:
        return perform(job, make_session)
    except MissingBuildError as missing:
        return Missing(missing.circuit, missing.structure)
    except StoppedError:
        return None


# ------------------------------------------------------------------------------------ at home


@contextlib.contextmanager
def local_client(n_workers: int) -> Iterator[Client]:
    """Start workers on this machine, a process with one thread each, and stop them in the end.

    Raises
    ------
    SimulationError
        If they cannot be started.
    """
    import dask
    from distributed import Client, LocalCluster

    _keep_dask_quiet()
    with contextlib.ExitStack() as stack:
        # Whatever the workers leave behind when they are stopped goes with this folder.
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="neurosim-sweep-", ignore_cleanup_errors=True)
        )
        stack.enter_context(dask.config.set({"temporary-directory": scratch}))
        try:
            cluster = LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # any port: its own may be taken
                silence_logs=logging.CRITICAL,
                memory_limit=0,
                env={"TMPDIR": scratch},
                preload=["neurosim.sweeping.local_worker"],
            )
        except (RuntimeError, OSError) as error:
            raise SimulationError(
                "The worker processes cannot be started: a script that calls ns.sweep has to do so "
                "below `if __name__ == '__main__':`, for they import it."
            ) from error
        stack.enter_context(cluster)
        yield stack.enter_context(Client(cluster))


@contextlib.contextmanager
def remote_client(address: str) -> Iterator[Client]:
    """Connect to a scheduler that runs already.

    Raises
    ------
    InputError
        If none answers.
    """
    from distributed import Client
    from distributed.comm.addressing import get_address_host_port

    _keep_dask_quiet()
    try:
        # A client that finds nobody there takes long to give up, and complains when it goes.
        place = get_address_host_port(address)
        socket.create_connection(place, CONNECTING).close()
        client = Client(address, timeout=CONNECTING)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at '{address}', expected an address such as "
            "'tcp://host:8786' as 'dask scheduler' prints it."
        ) from error
    with client:
        yield client


def _keep_dask_quiet() -> None:
    # What it logs of lost workers and connections is told in sentences here.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


class Dispatcher:
    """Sends jobs to the workers of a scheduler, and builds what they need.

    Parameters
    ----------
    client : distributed.Client
    tally : Tally
        Told what happens.
    """

    def __init__(self, client: Client, tally: Tally) -> None:
        self._client, self._tally = client, tally
        self._sweep = uuid.uuid4().hex
        self._home = identity()
        self._builds: dict[str, Build] = {}
        self._unbuildable: dict[str, str] = {}
        self._needs: dict[str, set[str]] = {}  # requests by the family of a job
        self._checked: dict[str, str | None] = {}  # why a worker is refused, by address
        self._threads: dict[str, int] = {}  # of the workers that are there and take part
        self._looked = -LOOKING
        self._waits = False

    def outcomes(self, jobs: Sequence[RunJob]) -> Iterator[tuple[RunJob, Outcome]]:
        """Run jobs, and return each with its outcome as it comes.

        Raises
        ------
        InputError
            If all workers are refused.
        SimulationError
            If the scheduler is lost.
        """
        waiting = deque(jobs)
        sent: Sent = {}
        try:
            while waiting or sent:
                self._look(sent, waiting)
                while waiting and len(sent) < AHEAD * sum(self._threads.values()):
                    job = waiting.popleft()
                    allowed = list(self._threads) if any(self._checked.values()) else None
                    sent[self._send(job, allowed)] = job, allowed
                for future in self._ended(list(sent)):
                    job, _ = sent.pop(future)
                    outcome = self._outcome(job, future)
                    if outcome is None:
                        waiting.appendleft(job)
                    else:
                        yield job, outcome
                self._tally.tick()
        finally:
            if sent:
                self._stop(list(sent))

    def _send(self, job: RunJob, allowed: list[str] | None) -> Future[Any]:
        builds = {request: self._builds[request] for request in self._needs.get(job.family, ())}
        return self._client.submit(
            run_on_worker,
            job,
            builds,
            self._home,
            self._sweep,
            key=f"neurosim-run-{job.number}-{uuid.uuid4().hex}",
            pure=False,
            workers=allowed,
        )

    def _ended(self, futures: list[Future[Any]]) -> list[Future[Any]]:
        """Return futures that have ended, after waiting for one for a moment."""
        from distributed import wait
        from distributed.client import FuturesCancelledError

        if not futures:
            time.sleep(LOOKING)
            return []
        with contextlib.suppress(TimeoutError, FuturesCancelledError):
            wait(futures, timeout=LOOKING, return_when="FIRST_COMPLETED")
        return [future for future in futures if future.status != "pending"]

    def _outcome(self, job: RunJob, future: Future[Any]) -> Outcome | None:
        """Return what became of a job; None if it has to be sent again."""
        from distributed import KilledWorker

        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                return Failed("Its worker died several times: there may be too little memory.")
            return Failed(in_a_sentence(error))
        if future.status != "finished":  # lost with its connection
            return None
        found = future.result()
        if isinstance(found, Missing):
            return self._learn(job, found)
        if isinstance(found, Refused):
            self._refuse(found.address, found.reason)
            return None
        outcome: Outcome | None = found
        return outcome

    def _learn(self, job: RunJob, missing: Missing) -> Failed | None:
        """Build a circuit, unless it is there; note that jobs of this family need it."""
        request = request_of(missing.circuit, missing.structure)
        if request in self._unbuildable:
            return Failed(self._unbuildable[request])
        if request not in self._builds:
            try:
                entry = compiled(missing.circuit, missing.structure, self._tally)
                self._builds[request] = pack(entry)
            except NeurosimError as error:
                self._unbuildable[request] = str(error)
                return Failed(str(error))
        self._needs.setdefault(job.family, set()).add(request)
        return None

    def _look(self, sent: Sent, waiting: deque[RunJob]) -> None:
        """See who works, check the new ones, and take back what waits for workers that left."""
        if time.monotonic() - self._looked < LOOKING:
            return
        self._looked = time.monotonic()
        try:
            there: Mapping[str, int] = self._client.nthreads()
            self._check([address for address in there if address not in self._checked])
        except (OSError, ValueError) as error:
            raise SimulationError("The Dask scheduler was lost.") from error
        self._threads = {
            address: n for address, n in there.items() if self._checked.get(address, "") is None
        }
        if there and not self._threads and all(self._checked.get(address) for address in there):
            address = next(iter(there))
            raise InputError(f"No worker can take part: {address} has {self._checked[address]}.")
        if not there and not self._waits:
            self._tally.warn("The scheduler has no workers: waiting for one.")
        self._waits = not there
        for future, (job, allowed) in list(sent.items()):
            if allowed is not None and not set(allowed) & set(there):
                del sent[future]
                future.cancel()
                waiting.appendleft(job)

    def _check(self, addresses: list[str]) -> None:
        """Ask new workers what they compute with."""
        if not addresses:
            return
        answers = self._client.run(identity, workers=addresses, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, OSError):
                continue  # it has left in the meantime
            if isinstance(answer, BaseException):
                self._refuse(address, f"no neurosim that works ({answer})")
                continue
            reason = difference(self._home, answer)
            if reason is None:
                self._checked[address] = None
            else:
                self._refuse(address, reason)

    def _refuse(self, address: str, reason: str) -> None:
        if not self._checked.get(address):
            self._tally.warn(f"The worker {address} is left out, for it has {reason}.")
        self._checked[address] = reason
        self._threads.pop(address, None)

    def _stop(self, futures: list[Future[Any]]) -> None:
        """End what runs, and leave the workers to others."""
        with contextlib.suppress(Exception):
            self._client.run(stop, self._sweep, on_error="ignore")
            self._client.cancel(futures)
