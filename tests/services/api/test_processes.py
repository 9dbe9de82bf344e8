"""Two web processes on PostgreSQL and Redis: they count together, and open few connections."""

import threading
import time
from collections.abc import Iterator

import pytest

from services.teams import limits
from tests.runner import servers
from tests.services.api.site import PROCESSES, Site, running
from tests.waiting import wait_until

pytestmark = [pytest.mark.redis, pytest.mark.timeout(180)]

POOL = 16  # KYOZO_DATABASE_POOL, of each process
PARALLEL = 200
IN_USE = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND usename = 'postgres'"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture(autouse=True)
def _counted_from_nothing(site: Site) -> None:
    """Within one hour: a window that ends in the middle of a test would give everybody a new one.
    All tests ask from one address, which one of them uses up."""
    with site.redis() as redis:
        redis.flushdb()
    left_s = limits.HOUR_S - time.time() % limits.HOUR_S
    if left_s < 30:
        time.sleep(left_s)


def use_up(site: Site, team: str, *, left: int) -> None:
    """As if all but a few of the hour's requests had come."""
    limit, remaining, reset = site.ask("/me", team=team).rate
    key = f":1:kyozo.rate.team.{site.teams[team][0]}.{reset}"
    with site.redis() as redis:
        assert redis.incrby(key, remaining - left) == limit - left
        assert 0 < redis.ttl(key) <= 2 * limits.HOUR_S


def test_of_all_processes_together_as_many_get_in_as_are_left(site: Site) -> None:
    use_up(site, "limited", left=15)

    answers = site.ask_at_once("/me", team="limited", count=40)

    assert sorted(answer.status for answer in answers) == [200] * 15 + [429] * 25
    left = sorted((a.rate[1] for a in answers if a.status == 200), reverse=True)
    assert left == list(range(14, -1, -1))  # each request was counted once
    assert {answer.rate[0] for answer in answers} == {limits.PLANS["standard"]}
    refused = [answer for answer in answers if answer.status == 429]
    assert all(answer.rate[1] == 0 for answer in refused)
    assert all(0 < int(answer.headers["retry-after"]) <= limits.HOUR_S for answer in refused)


def test_every_answer_says_what_is_left_and_until_when(site: Site) -> None:
    team_id = site.teams["counted"][0]
    end = (int(time.time()) // limits.HOUR_S + 1) * limits.HOUR_S
    asked = {
        200: site.ask("/me", team="counted"),
        400: site.ask(f"/teams/{team_id}/services", team="counted"),
        401: site.ask("/me", headers={"X-API-Key": "wrong"}),
        403: site.ask(f"/teams/{team_id}/services", team="counted", headers={"X-Team-ID": "x"}),
        404: site.ask("/nowhere", team="counted", process=1),
        405: site.ask("/me", team="counted", method="DELETE"),
        415: site.ask("/sign-in-links", team="counted", method="POST", body=b"x"),
    }

    assert {status: answer.status for status, answer in asked.items()} == {s: s for s in asked}
    for answer in asked.values():
        limit, remaining, reset = answer.rate
        assert 0 <= remaining < limit
        assert reset == end


def test_guessing_is_counted_by_address_over_all_processes(site: Site) -> None:
    answers = [site.ask("/me", headers={"X-API-Key": f"guess {n}"}, process=n) for n in range(40)]

    assert {answer.status for answer in answers[20:]} == {429}
    assert {answer.status for answer in answers} <= {401, 429}
    assert int(answers[-1].headers["retry-after"]) > 0
    assert site.ask("/me", team="counted").status == 200


def test_redis_away_is_nobody_s_error(site: Site) -> None:
    assert [site.ask("/me", team="away", process=n).rate[1] for n in range(2)] == [999, 998]
    servers.stop_redis(site.run)
    try:
        answers = [site.ask("/me", team="away", process=n) for n in range(6)]
    finally:
        servers.start_redis(site.run)

    # Each process for itself, so it is less than what came, and never an error.
    assert [answer.status for answer in answers] == [200] * 6
    assert [answer.rate[1] for answer in answers] == [999, 999, 998, 998, 997, 997]
    wait_until(
        lambda: are_counted_together(site), within_s=4 * limits.AWAY_S, what="one count again"
    )


def are_counted_together(site: Site) -> bool:
    left = [site.ask("/me", team="away", process=n).rate[1] for n in (0, 1, 0)]
    return left == [left[0], left[0] - 1, left[0] - 2]


def test_many_at_once_open_no_more_connections_than_the_pool_has(site: Site) -> None:
    team_id = site.teams["many"][0]
    counts: list[int] = []
    is_over = threading.Event()

    def count() -> None:
        with site.database() as database:
            while not is_over.is_set():
                row = database.execute(IN_USE).fetchone()
                counts.append(row[0] - 1 if row else 0)  # without this one

    counting = threading.Thread(target=count)
    counting.start()
    path, headers = f"/teams/{team_id}/operations", {"X-Team-ID": team_id}
    answers = site.ask_at_once(path, team="many", count=PARALLEL, headers=headers)
    is_over.set()
    counting.join(10)

    assert {answer.status for answer in answers} == {200}
    assert len(counts) > 10
    assert 0 < max(counts) <= PROCESSES * POOL
