"""What every runtime promises about images and its disk; the rest is in test_contract.py."""

import pytest

from services.errors import EngineError, FenceLostError
from tests.runtimes.worlds import StubFence, World


def test_our_images_are_listed_with_their_names(world: World) -> None:
    name = f"{world.install}/web:1"
    named, nameless = world.add_image(name), world.add_image()

    found = {image.engine_id: image for image in world.runtime.images(install=world.install)}

    assert {pk: image.refs for pk, image in found.items()} == {named: (name,), nameless: ()}
    assert found[named].size_bytes > 0
    assert world.labels.items() <= found[named].labels.items()


def test_an_image_goes_with_its_last_name(world: World) -> None:
    names = [f"{world.install}/web:{number}" for number in (1, 2)]
    image_id = world.add_image(*names)

    world.runtime.remove_image(names[0], engine_id=image_id, fence=StubFence())
    assert world.runtime.image_id(names[1]) == image_id
    world.runtime.remove_image(names[1], engine_id=image_id, fence=StubFence())
    world.runtime.remove_image(names[1], engine_id=image_id, fence=StubFence())

    assert world.runtime.images(install=world.install) == []


def test_a_name_that_means_another_image_by_now_is_left(world: World) -> None:
    name = f"{world.install}/web:1"
    image_id = world.add_image(name)

    world.runtime.remove_image(name, engine_id="sha256:before", fence=StubFence())

    assert world.runtime.image_id(name) == image_id


def test_no_image_goes_without_the_fence(world: World) -> None:
    image_id = world.add_image()

    with pytest.raises(FenceLostError):
        world.runtime.remove_image(image_id, engine_id=image_id, fence=StubFence(left=0))

    assert world.runtime.image_id(image_id) == image_id


def test_an_image_in_use_is_not_removed(world: World) -> None:
    name = f"{world.install}/web:1"
    image_id = world.add_image(name)
    world.runtime.apply(world.spec(image=image_id), fence=StubFence())

    with pytest.raises(EngineError) as caught:
        world.runtime.remove_image(name, engine_id=image_id, fence=StubFence())

    assert caught.value.error_code == "engine.image_in_use"
    assert world.runtime.image_id(name) == image_id


def test_the_engines_disk_is_known(world: World) -> None:
    disk = world.runtime.disk()

    assert disk
    assert 0 < disk.used_percent < 100
    assert disk.free_bytes > 0
