"""Requests through a real router: where they arrive, and what happens when routes change."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection

import pytest

from services.errors import RouterError
from services.routing.settings import RouterSettings
from services.routing.table import Backend, Route, RouteTable
from services.routing.traefik import TraefikRouter
from tests.routing.instances import HOST, Instance, ask, steady_load, table
from tests.waiting import wait_until

pytestmark = pytest.mark.enable_socket

MakeInstance = Callable[[str], Instance]


def show(router: TraefikRouter, wanted: RouteTable) -> None:
    router.publish(wanted)
    router.wait_shown(wanted, 30)


def test_a_host_name_leads_to_its_instance(router: TraefikRouter, instance: MakeInstance) -> None:
    show(router, table(instance("127.0.0.2"), hosts=(HOST, "www.shop.localhost")))

    assert ask(router.web_port) == (200, "127.0.0.2")
    assert ask(router.web_port, host="www.shop.localhost") == (200, "127.0.0.2")


def test_an_unknown_host_name_is_a_plain_404(router: TraefikRouter, instance: MakeInstance) -> None:
    show(router, table(instance("127.0.0.2")))

    assert ask(router.web_port, host="other.localhost") == (404, "404 page not found")


def test_a_host_port_leads_to_its_instance_whatever_the_name(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    port = router.ports[0]
    show(router, table(instance("127.0.0.2"), hosts=(), port=port))

    assert ask(port, host="anything.example") == (200, "127.0.0.2")
    assert ask(router.ports[1])[0] == 404


def test_instances_take_turns(router: TraefikRouter, instance: MakeInstance) -> None:
    show(router, table(instance("127.0.0.2"), instance("127.0.0.3")))

    answers = [ask(router.web_port)[1] for _ in range(4)]

    assert sorted(answers) == ["127.0.0.2"] * 2 + ["127.0.0.3"] * 2


def test_a_sticky_service_keeps_its_visitor(router: TraefikRouter, instance: MakeInstance) -> None:
    (route,) = table(instance("127.0.0.2"), instance("127.0.0.3")).routes
    show(router, RouteTable((replace(route, sticky=True),)))
    connection = HTTPConnection("127.0.0.1", router.web_port)
    connection.request("GET", "/", headers={"Host": HOST})
    first = connection.getresponse()
    body, cookie = first.read(), first.headers["Set-Cookie"].split(";")[0]

    for _ in range(3):
        connection.request("GET", "/", headers={"Host": HOST, "Cookie": cookie})
        assert connection.getresponse().read() == body
    connection.close()


def test_a_service_without_instances_is_a_503(router: TraefikRouter) -> None:
    show(router, table(port=router.ports[0]))

    assert ask(router.web_port)[0] == 503
    assert ask(router.ports[0])[0] == 503


def test_a_path_arrives_as_it_was_sent(router: TraefikRouter, instance: MakeInstance) -> None:
    shop = instance("127.0.0.2")
    show(router, table(shop))

    ask(router.web_port, "/a%2Fb//c/../d?e=1;f=2")

    assert list(shop.asked) == ["GET /a%2Fb//c/../d?e=1%3Bf=2"]


def test_switching_under_load_fails_no_request(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    old, new = instance("127.0.0.2"), instance("127.0.0.3")
    show(router, table(old))

    with steady_load(router.web_port) as load:
        for wanted in (table(old, new), table(new), table(old), table(old, new), table(new)):
            show(router, wanted)
            time.sleep(0.2)
        old.kill()
        time.sleep(1)  # in which what it had answered is counted
        before = load.answers["127.0.0.2"]
        time.sleep(0.3)

    assert load.failures == []
    assert load.answers["127.0.0.2"] == before > 0
    assert load.answers["127.0.0.3"] > 0


def test_a_long_answer_and_a_websocket_outlive_their_route(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    old, new = instance("127.0.0.2"), instance("127.0.0.3")
    show(router, table(old))
    slow: list[tuple[int, str]] = []
    waiting = threading.Thread(target=lambda: slow.append(ask(router.web_port, "/slow")))
    waiting.start()
    wait_until(lambda: old.asked["GET /slow"], within_s=20, what="it is asked")
    with socket.create_connection(("127.0.0.1", router.web_port), timeout=5) as web_socket:
        lines = [f"GET / HTTP/1.1\r\nHost: {HOST}", "Connection: Upgrade", "Upgrade: websocket"]
        web_socket.sendall("\r\n".join([*lines, "\r\n"]).encode())
        assert b"101 Switching" in web_socket.recv(1000)

        show(router, table(new))

        assert ask(router.web_port) == (200, "127.0.0.3")
        web_socket.sendall(b"still there?")
        assert web_socket.recv(100) == b"still there?"
    waiting.join()
    assert slow == [(200, "127.0.0.2")]


def test_a_long_answer_outlives_the_removal_of_its_service(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    removed, again = instance("127.0.0.2"), instance("127.0.0.3")
    show(router, table(removed))
    slow: list[tuple[int, str]] = []
    waiting = threading.Thread(target=lambda: slow.append(ask(router.web_port, "/slow")))
    waiting.start()
    wait_until(lambda: removed.asked["GET /slow"], within_s=20, what="it is asked")

    show(router, RouteTable())
    assert ask(router.web_port)[0] == 404
    show(router, RouteTable((replace(table(again).routes[0], service_id="again"),)))

    assert ask(router.web_port) == (200, "127.0.0.3")
    waiting.join()
    assert slow == [(200, "127.0.0.2")]


def test_a_killed_instance_costs_no_get_and_doubles_no_post(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    dead, living = instance("127.0.0.2"), instance("127.0.0.3")
    show(router, table(dead, living))
    dead.kill()

    answers = [ask(router.web_port, method=method) for method in ("GET", "POST") * 4]

    assert answers == [(200, "127.0.0.3")] * 8
    assert living.asked == {"GET /": 4, "POST /": 4}


def test_without_retries_a_killed_instance_is_not_hidden(
    settings: RouterSettings, instance: MakeInstance
) -> None:
    dead, living = instance("127.0.0.2"), instance("127.0.0.3")
    router = TraefikRouter(replace(settings, retries=False))
    router.start()
    try:
        show(router, table(dead, living))
        dead.kill()

        statuses = {ask(router.web_port)[0] for _ in range(4)}
    finally:
        router.stop()

    assert statuses == {200, 502}


def test_a_cut_post_is_never_sent_twice(router: TraefikRouter, instance: MakeInstance) -> None:
    pair = instance("127.0.0.2"), instance("127.0.0.3")
    show(router, table(*pair))

    assert ask(router.web_port, "/cut", method="POST")[0] == 502
    assert sum(each.asked["POST /cut"] for each in pair) == 1


def test_a_page_with_an_error_does_not_take_the_others_out(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    show(router, table(instance("127.0.0.2")))

    assert ask(router.web_port, "/bug")[0] == 500
    assert ask(router.web_port)[0] == 200


def test_waiting_for_what_was_not_published_ends_in_time(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    one, two = instance("127.0.0.2"), instance("127.0.0.3")
    show(router, table(one))
    started = time.monotonic()

    for wanted in (table(two), table(one, two), RouteTable(), table(one, hosts=("x.localhost",))):
        with pytest.raises(RouterError) as caught:
            router.wait_shown(wanted, 0.1)
        assert caught.value.error_code == "router.timeout"

    assert time.monotonic() - started < 20


def test_an_older_state_that_looks_the_same_is_not_taken_for_the_new_one(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    one, two = table(instance("127.0.0.2")), table(instance("127.0.0.3"))
    show(router, one)

    for wanted in (two, one, two, one):
        router.publish(wanted)
    router.wait_shown(one)

    with steady_load(router.web_port) as load:
        time.sleep(0.4)
    assert list(load.answers) == ["127.0.0.2"]


def test_what_a_killed_publisher_left_is_written_over(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    wanted = table(instance("127.0.0.2"))
    show(router, wanted)
    (router.settings.state_dir / "main" / "routes.yml").write_text("{}")
    deadline = time.monotonic() + 20
    while ask(router.web_port)[0] != 404 and time.monotonic() < deadline:
        time.sleep(0.02)

    show(router, wanted)

    assert ask(router.web_port) == (200, "127.0.0.2")


def test_publishers_wait_for_their_own_service_only(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    mine = table(instance("127.0.0.2"))
    other = Route("blog", "blog", ("blog.localhost",), (), (Backend("i-9", "127.0.0.9", 80),))
    router.publish(lambda: RouteTable((*mine.routes, other)))

    router.wait_shown(mine, only=["shop"])
    router.publish(mine)
    router.wait_shown(mine, only=["shop", "blog"])

    assert ask(router.web_port, host="blog.localhost")[0] == 404


def test_a_port_nobody_listens_on_is_said_at_once(router: TraefikRouter) -> None:
    wanted = table(port=1)
    router.publish(wanted)

    with pytest.raises(RouterError) as caught:
        router.wait_shown(wanted)

    assert caught.value.error_code == "router.port_closed"
