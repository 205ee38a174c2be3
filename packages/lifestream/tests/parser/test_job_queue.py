"""Another worker is needed only if enough jobs wait, or if one waits long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from lifestream.parser import job_queue
from lifestream.parser.job_queue import LATE, WORTH, JobQueue

HANGS = 20.0  # seconds after which a worker that a test waits for is taken to hang


class Workers:
    """*count* workers that wait until they are needed, and then until `go_on` is called, before they take jobs."""

    def __init__(self, jobs: JobQueue[int], count: int) -> None:
        self.jobs = jobs
        self.needed = threading.Semaphore(0)
        self.taken: list[int] = []
        self._were_needed = 0
        self._go_on = threading.Event()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _work(self) -> None:
        self.jobs.wait_until_needed()
        self.needed.release()
        self._go_on.wait()
        while (job := self.jobs.take()) is not None:
            self.taken.append(job)

    def go_on(self) -> None:
        self._go_on.set()

    def end(self) -> list[int]:
        left = self.jobs.close()
        self.go_on()
        for thread in self.threads:
            thread.join(HANGS)
            assert not thread.is_alive()
        return left

    def are_needed(self, count: int) -> bool:
        """Return whether exactly *count* more workers are needed."""
        self._were_needed += count
        if not all(self.needed.acquire(timeout=HANGS) for _ in range(count)):
            return False
        with self.jobs._worker_needed:  # a worker that is needed as well may not have woken up yet
            is_one_left = self.jobs._working < len(self.threads)
            return self.jobs._working == self._were_needed and not (is_one_left and self.jobs._is_short)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Workers]]:
    monkeypatch.setattr(job_queue, "LATE", 3600.0)
    with _workers_that_end() as start:
        yield start


@contextmanager
def _workers_that_end() -> Iterator[Callable[[int], Workers]]:
    """Yield a function that starts as many workers as it is told to; they end with the block."""
    found: list[Workers] = []

    def start(count: int) -> Workers:
        found.append(Workers(JobQueue(), count))
        return found[-1]

    yield start
    for workers in found:
        workers.end()


def test_one_worker_is_needed_before_any_job(started: Callable[[int], Workers]) -> None:
    workers = started(3)
    assert workers.are_needed(1)


def test_few_jobs_need_no_other_worker_and_many_do(started: Callable[[int], Workers]) -> None:
    workers = started(4)
    assert workers.are_needed(1)
    for job in range(WORTH):
        workers.jobs.put(job)
    assert workers.are_needed(0)
    workers.jobs.put(WORTH)
    assert workers.are_needed(1)
    for job in range(2 * WORTH):
        workers.jobs.put(job)
    assert workers.are_needed(2)


@pytest.mark.parametrize(("jobs", "needed"), [(0, 1), (1, 1), (WORTH, 1), (WORTH + 1, 2), (100 * WORTH, 4)])
def test_expected_jobs_need_workers_at_once(started: Callable[[int], Workers], jobs: int, needed: int) -> None:
    workers = started(4)
    workers.jobs.expect(jobs)
    assert workers.are_needed(needed)


def test_a_job_that_waits_long_needs_another_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "LATE", 0.01)
    with _workers_that_end() as start:
        workers = start(2)
        assert workers.needed.acquire(timeout=HANGS)
        workers.jobs.put(1)
        assert workers.needed.acquire(timeout=HANGS)


def test_each_job_is_taken_once_or_returned_when_the_queue_is_closed(started: Callable[[int], Workers]) -> None:
    workers = started(2)
    for job in range(100):
        workers.jobs.put(job)
    workers.go_on()
    left = workers.end()
    assert sorted(workers.taken + left) == [*range(100)]


def test_a_closed_queue_releases_all_workers(started: Callable[[int], Workers]) -> None:
    workers = started(3)
    workers.jobs.put(1)
    assert workers.end() == [1]
    assert workers.taken == []
    assert workers.jobs.take() is None


class Stepped:
    """A queue whose waits return at once: each of its two conditions notes how long it would wait, and calls the next
    of *steps* in place of the wait.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.steps: list[Callable[[], object]] = []
        self.conditions: list[SteppedCondition] = []
        monkeypatch.setattr(job_queue, "monotonic", lambda: self.now)
        replaced = SimpleNamespace(Lock=threading.Lock, Condition=lambda _: SteppedCondition(self))
        monkeypatch.setattr(job_queue, "threading", replaced)
        self.jobs: JobQueue[int] = JobQueue()
        self.job_added, self.worker_needed = self.conditions

    def after(self, seconds: float) -> Callable[[], None]:
        """Return a step that moves the clock."""

        def step() -> None:
            self.now += seconds

        return step

    def put(self, count: int) -> None:
        for job in range(count):
            self.jobs.put(job)


class SteppedCondition:
    def __init__(self, stepped: Stepped) -> None:
        self.stepped = stepped
        self.waits: list[float | None] = []
        self.woken = 0
        self.all_woken = 0
        stepped.conditions.append(self)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def notify(self) -> None:
        self.woken += 1

    def notify_all(self) -> None:
        self.all_woken += 1

    def wait(self, seconds: float | None = None) -> None:
        self.waits.append(seconds)
        self.stepped.steps.pop(0)()


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> Stepped:
    return Stepped(monkeypatch)


def test_each_job_wakes_a_worker_and_calls_another_one_if_it_is_the_first_or_one_too_many(stepped: Stepped) -> None:
    stepped.jobs.wait_until_needed()
    calls = []
    for job in range(WORTH + 2):
        stepped.jobs.put(job)
        calls.append(stepped.worker_needed.woken)
    assert calls == [*(1 for _ in range(WORTH)), 2, 3]
    assert stepped.job_added.woken == WORTH + 2
    assert [stepped.jobs.take() for _ in range(3)] == [0, 1, 2]
    assert stepped.job_added.waits == stepped.worker_needed.waits == []


def test_a_worker_waits_for_a_job_until_there_is_one_or_the_queue_is_closed(stepped: Stepped) -> None:
    stepped.steps = [lambda: None, lambda: stepped.jobs.put(5), stepped.jobs.close]
    assert stepped.jobs.take() == 5
    assert stepped.jobs.take() is None
    assert stepped.job_added.waits == [None, None, None]


def test_another_worker_waits_until_a_job_has_waited_too_long(stepped: Stepped) -> None:
    stepped.jobs.wait_until_needed()
    stepped.steps = [
        lambda: stepped.put(2),
        stepped.after(LATE - 0.5),
        stepped.jobs.take,  # this is progress, so the time begins anew
        lambda: stepped.put(1),  # not the first that waits: the time goes on
        stepped.after(LATE - 0.5),
        stepped.after(0.5),
    ]
    stepped.jobs.wait_until_needed()
    assert stepped.steps == []
    assert stepped.worker_needed.waits == [None, LATE, 0.5, LATE, LATE, 0.5]


def test_time_without_jobs_does_not_count(stepped: Stepped) -> None:
    stepped.jobs.wait_until_needed()
    stepped.steps = [stepped.after(10 * LATE), lambda: stepped.put(1), lambda: stepped.put(WORTH)]
    stepped.jobs.wait_until_needed()
    assert stepped.worker_needed.waits == [None, None, LATE]


def test_expected_jobs_call_all_workers_and_fewer_take_none_back(stepped: Stepped) -> None:
    stepped.jobs.expect(2 * WORTH + 1)
    stepped.jobs.expect(1)
    assert stepped.worker_needed.all_woken == 2
    for _ in range(3):
        stepped.jobs.wait_until_needed()
    assert stepped.worker_needed.waits == []
    stepped.steps = [stepped.jobs.close]
    stepped.jobs.wait_until_needed()
    assert stepped.worker_needed.waits == [None]


def test_closing_wakes_all_workers_and_returns_what_none_has_taken(stepped: Stepped) -> None:
    stepped.put(3)
    assert stepped.jobs.take() == 0
    assert stepped.jobs.close() == [1, 2]
    assert (stepped.job_added.all_woken, stepped.worker_needed.all_woken) == (1, 1)
    assert stepped.jobs.close() == []
    assert stepped.jobs.take() is None
