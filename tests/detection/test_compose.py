"""What a compose file says about a service reaches the engine as it was meant."""

from tests.detection.conftest import Analyzed

IMAGE = """
services:
  tool:
    image: example/tool:1
    entrypoint: {}
    command: serve --all
"""


def test_an_entrypoint_is_told_apart_from_a_command(analyzed: Analyzed) -> None:
    tool = analyzed({"compose.yaml": IMAGE.format("[/bin/run, -x]")}).services[0]

    assert (tool.entrypoint, tool.command) == (("/bin/run", "-x"), ("serve", "--all"))
    assert tool.start_command == "/bin/run -x serve --all"


def test_a_start_of_ones_own_takes_the_place_of_both(analyzed: Analyzed) -> None:
    files = {"compose.yaml": IMAGE.format("/bin/run")}
    tool = analyzed(files, start="/bin/other").services[0]

    assert (tool.entrypoint, tool.command) == ((), ("/bin/other",))
