"""What every runtime promises about images, volumes and its disk; see also test_contract.py."""

import pytest

from services.errors import EngineError, EngineNotFoundError, FenceLostError
from services.runtimes.base import Mount
from tests.runtimes.worlds import DockerWorld, StubFence, World


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


def test_an_image_says_whose_it_is(world: World) -> None:
    name = f"{world.install}/web:1"
    image_id = world.add_image(name)

    found = [world.runtime.image(ref) for ref in (name, image_id)]

    assert [image and image.engine_id for image in found] == [image_id, image_id]
    assert all(image and world.labels.items() <= image.labels.items() for image in found)
    assert world.runtime.image("kyozo-test/missing:1") is None


def test_an_image_gets_one_more_name(world: World) -> None:
    name = f"{world.install}/web:1"
    image_id, other = world.add_image(name), world.add_image(f"{world.install}/webs:1")
    repository = f"kyozo.invalid/{world.install}/web"

    world.runtime.tag_image(other, f"{repository}:1")
    world.runtime.tag_image(image_id, f"{repository}:1")

    assert world.runtime.image_names(repository) == [f"{repository}:1"]
    found = world.runtime.image(f"{repository}:1")
    assert found
    assert (found.engine_id, set(found.refs)) == (image_id, {name, f"{repository}:1"})


def test_what_is_not_here_gets_no_name(world: World) -> None:
    with pytest.raises(EngineNotFoundError):
        world.runtime.tag_image(f"sha256:{'0' * 64}", "kyozo.invalid/none:1")

    assert world.runtime.image_names("kyozo.invalid/none") == []


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


def test_what_somebody_runs_from_our_image_is_none_of_our_instances(world: World) -> None:
    by_hand = world.run_by_hand(world.add_image())

    assert world.runtime.observe(world.everything) == []
    assert world.exists(by_hand)


def test_the_engines_disk_is_known(world: World) -> None:
    disk = world.runtime.disk()

    assert disk
    assert 0 < disk.used_percent < 100
    assert disk.free_bytes > 0


def test_a_volume_goes_when_a_person_says_so(world: World) -> None:
    name = f"{world.install}-data"
    world.runtime.ensure_volume(name, labels=world.labels)

    for _ in range(2):
        world.runtime.remove_volume(name, install=world.install, fence=StubFence())

    world.runtime.ensure_volume(name, labels=world.labels | {"again": "1"})


def test_a_volume_in_use_or_of_others_is_not_removed(world: World) -> None:
    name = f"{world.install}-data"
    mounts = (Mount(target="/data", source=name),)
    world.runtime.ensure_volume(name, labels=world.labels)
    world.runtime.apply(world.spec(mounts=mounts), fence=StubFence())

    with pytest.raises(EngineError) as in_use:
        world.runtime.remove_volume(name, install=world.install, fence=StubFence())
    with pytest.raises(EngineError) as foreign:
        world.runtime.remove_volume(name, install="another", fence=StubFence())

    assert in_use.value.error_code == "engine.volume_in_use"
    assert foreign.value.error_code == "engine.foreign"


@pytest.mark.docker
@pytest.mark.timeout(180)
def test_an_image_says_what_it_is_for_and_has_builds_do(docker_world: DockerWorld) -> None:
    world = docker_world
    made = world.client.create_container(world.image, ["true"])["Id"]
    image_id = world.client.commit(made, changes=["ONBUILD ADD a /b"])["Id"]
    world.client.remove_container(made)

    found = world.runtime.image(image_id)
    world.client.remove_image(image_id)

    assert found
    assert (found.platform, found.triggers) == (world.runtime.info().platform, ("ADD a /b",))


@pytest.mark.docker
@pytest.mark.timeout(180)
def test_neither_the_beginning_of_an_id_nor_a_way_out_is_an_image(
    docker_world: DockerWorld,
) -> None:
    world = docker_world
    image_id = world.add_image()
    container = world.run_by_hand(image_id)
    bare = image_id.removeprefix("sha256:")

    for ref in (bare, bare[:12], f"sha256:{bare[:12]}", f"x/../../containers/{container}", "."):
        assert world.runtime.image_id(ref) is None
        assert world.runtime.image(ref) is None
        assert world.runtime.image_volumes(ref) == ()


@pytest.mark.docker
@pytest.mark.timeout(180)
def test_an_image_says_where_it_keeps_data(docker_world: DockerWorld) -> None:
    image_id = docker_world.add_image(volumes=["/data"])

    assert docker_world.runtime.image_volumes(image_id) == ("/data",)
    assert docker_world.runtime.image_volumes(docker_world.image) == ()
    assert docker_world.runtime.image_volumes("kyozo-test/none:1") == ()


@pytest.mark.docker
@pytest.mark.timeout(180)
def test_a_nameless_volume_outlives_its_container(docker_world: DockerWorld) -> None:
    """It may hold the only copy of something: nothing that happens by itself takes it away."""
    image_id = docker_world.add_image(volumes=["/data"])
    spec = docker_world.spec(image=image_id)
    (one,) = docker_world.runtime.apply(spec, fence=StubFence())
    (mount,) = docker_world.inspect(one.engine_id)["Mounts"]

    docker_world.runtime.remove(one.engine_id, fence=StubFence())

    assert docker_world.client.inspect_volume(mount["Name"])
    docker_world.client.remove_volume(mount["Name"])
