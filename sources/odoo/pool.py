"""The sessions of one run, shared by its threads: never more requests at once than clients; retries where one can help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import LifoQueue
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, stop_any, wait_exponential_jitter

from sources.contract import SourceError
from sources.odoo.connection import CredentialRefused, ServerClock, Session, Unanswered, Unreachable

T = TypeVar("T")

ATTEMPTS = 8  # with WAIT: about a minute, enough for Odoo to restart; halved 7 times, a page of 2,000 rows is one of 15
REFUSED_ATTEMPTS = 3  # where nothing listens at all, someone must start it: say so within two seconds
PATIENCE_S, LOGIN_PATIENCE_S = 600, 60  # no new try after so long, whatever the count: each may have waited for its time-out
WAIT = wait_exponential_jitter(initial=0.3, max=20, jitter=0.3)


class SessionPool:
    """Up to `clients` logged-in sessions. Thread-safe.

    Once Odoo cannot be used at all (nothing listens, credentials refused), every later call raises that at once, so that
    twenty entities do not wait twenty times.
    """

    def __init__(self, log_in: Callable[[ServerClock], Session], clients: int = 1) -> None:
        self.clock = ServerClock()
        self.broken: SourceError | None = None
        self._log_in = log_in
        self.retries = 0
        self._idle: LifoQueue[Session | None] = LifoQueue()
        for _ in range(max(1, clients)):
            self._idle.put(None)

    def run(self, call: Callable[[Session], T], on_retry: Callable[[], None] | None = None) -> T:
        """`call` with a session; again, with growing waits, while Odoo gives no whole answer. A session waits for no one.

        Raises SourceError: the last attempt's, or at once what a retry cannot help.
        """
        def once() -> T:
            with self._session() as session:
                return call(session)

        def before_sleep(_: RetryCallState) -> None:
            self.retries += 1
            if on_retry is not None:
                on_retry()

        try:
            return self._retrying(before_sleep, PATIENCE_S)(once)
        except (Unreachable, CredentialRefused) as error:
            self.broken = error
            raise

    def close(self) -> None:
        """Close the sessions that nobody uses; a later call logs in again."""
        for _ in range(self._idle.qsize()):
            session = self._idle.get()
            if session is not None:
                session.close()
            self._idle.put(None)

    def _retrying(self, before_sleep: Callable[[RetryCallState], None], patience_s: float) -> Retrying:
        def may_help(error: BaseException) -> bool:
            return isinstance(error, Unanswered) and self.broken is None

        return Retrying(retry=retry_if_exception(may_help), stop=stop_any(_enough, stop_after_delay(patience_s)), wait=WAIT,
                        before_sleep=before_sleep, reraise=True)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        session = self._idle.get()
        try:
            if self.broken is not None:
                raise self.broken
            if session is None:
                session = self._connect()
            yield session
        finally:
            self._idle.put(session)

    def _connect(self) -> Session:
        def before_sleep(_: RetryCallState) -> None:
            self.retries += 1

        try:
            return self._retrying(before_sleep, LOGIN_PATIENCE_S)(self._log_in, self.clock)
        except SourceError as error:
            self.broken = error
            raise


def _enough(state: RetryCallState) -> bool:
    """Whether to stop trying."""
    refused = state.outcome is not None and isinstance(state.outcome.exception(), Unreachable)
    return state.attempt_number >= (REFUSED_ATTEMPTS if refused else ATTEMPTS)
