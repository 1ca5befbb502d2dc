"""The private directory: whose it is, what is in it and for how long, and what a body of a file does on a socket."""

import errno
import gc
import os
import socket
import stat

import pytest

from extension import files
from extension.files import Files, NoRoom
from tests.unit.hand_clock import HandClock


class Place:
    """A directory for the directory, and a clock."""

    def __init__(self, base):
        self.base = base
        self.clock = HandClock()
        self.files = Files(str(base), self.clock.monotonic)

    def create(self, key="models/model.bin", body=b"body"):
        file = self.files.create(key, len(body))
        file.write(body, 0)
        return file

    @property
    def names(self):
        return sorted(path.name for path in self.base.rglob("*") if path.is_file())


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_nothing_is_made_before_it_is_needed(place):
    place.files.release(1.0)
    place.files.sweep()
    place.files.close()

    assert [] == list(place.base.iterdir())


def test_directory_and_files_are_for_this_user_alone(place):
    file = place.create()
    status = os.stat(file.path)

    assert (0o600, 4, b"body") == (stat.S_IMODE(status.st_mode), status.st_size, os.pread(file.descriptor, 9, 0))
    assert 0o700 == stat.S_IMODE(os.stat(place.files.path).st_mode)
    assert not os.get_inheritable(file.descriptor)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/b/model.onnx", "model.onnx"),
        ("model", "model"),
        ("a/", ""),
        ("../../etc/pass wd\n", "pass_wd_"),
        ("ü.tar.gz", "_.tar.gz"),
        ("a" * 300 + ".csv", "a" * 96 + ".csv"),
    ],
)
def test_a_name_ends_as_the_key_does_and_leads_nowhere_else(place, key, name):
    file = place.create(key)

    assert f"{place.files.path}/1-{name}" == file.path


def test_a_file_is_of_its_size_from_the_beginning(place):
    file = place.files.create("x", 5000)

    assert 5000 == os.stat(file.path).st_size == len(file)
    assert [bytes(5000)] == list(file.chunks())


def test_a_file_goes_when_nobody_refers_to_it_and_its_time_is_over(place):
    file, other = place.create(), place.create()
    before = place.clock.monotonic()
    place.clock.advance(1)
    del file
    place.files.release(before)
    assert 2 == len(place.names)

    place.clock.advance(1)
    place.files.release(place.clock.monotonic())

    assert ["2-model.bin"] == place.names
    assert other.reachable


def test_who_has_it_open_keeps_it(place):
    file = place.create()
    with open(file.path, "rb") as reader:
        del file
        place.clock.advance(1)
        place.files.release(place.clock.monotonic())

        assert (b"body", []) == (reader.read(), place.names)


def test_what_is_of_no_use_goes_at_once(place):
    file = place.create()
    link = f"/proc/self/fd/{file.descriptor}"
    assert os.path.lexists(link)
    place.files.discard(file)

    assert [] == place.names
    assert not os.path.lexists(link)  # nor does it take any room, whoever may still hold the object
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.write(b"too late", 0)


def test_what_a_function_has_cleared_is_noticed_and_costs_nothing(place):
    file = place.create()
    os.unlink(file.path)

    assert not file.reachable
    assert [b"body"] == list(file.chunks())
    del file
    place.files.release(float("inf"))


def test_a_directory_that_a_function_has_removed_is_made_again(place):
    old = place.create()
    os.unlink(old.path)
    os.rmdir(place.files.path)

    new = place.create()

    assert (False, True, ["2-model.bin"]) == (old.reachable, new.reachable, place.names)
    assert os.path.dirname(new.path) != os.path.dirname(old.path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_size_and_room_and_nothing_is_left(place, monkeypatch, number):
    def full(*_):
        raise OSError(number, "full")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(NoRoom, match=rf"^4 bytes, where {place.base} has room for \d+$"):
        place.create()

    assert [] == place.names


def test_more_than_is_free_is_refused_before_anything_is_written(place):
    with pytest.raises(NoRoom, match=f"^{1 << 60} bytes"):
        place.files.create("x", 1 << 60)

    assert [] == place.names


def test_replaced_files_make_room(place, monkeypatch):
    file = place.create()
    del file
    room = iter([0, 100])
    monkeypatch.setattr(files, "room", lambda descriptor: next(room))
    new = place.create()

    assert ["2-model.bin"] == place.names
    assert new.reachable


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_that_reserves_nothing_will_do(place, monkeypatch, number):
    def unsupported(*_):
        raise OSError(number, "no")

    monkeypatch.setattr(os, "posix_fallocate", unsupported)

    assert 4 == os.stat(place.create().path).st_size


def test_a_disk_that_breaks_leaves_nothing(place, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "posix_fallocate", broken)
    with pytest.raises(OSError, match="broken"):
        place.create()

    assert [] == place.names


def test_the_end_removes_everything_and_makes_nothing_any_more(place):
    file = place.create()
    place.files.close()

    assert [] == list(place.base.iterdir())
    with pytest.raises(OSError, match="shutting down"):
        place.create()
    assert [b"body"] == list(file.chunks())
    place.files.discard(file)  # which is not there any more


def test_what_others_have_put_there_stays(place):
    place.create()
    os.mkdir(place.files.path + "/theirs")
    place.files.close()

    assert [place.files.path + "/theirs"] == [str(each) for each in place.base.rglob("*/*")]


def test_a_place_that_can_not_be_read_is_nothing_to_sweep(tmp_path):
    Files(str(tmp_path / "absent"), HandClock().monotonic).sweep()


# On a socket


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


@pytest.mark.parametrize("supported", [True, False])
def test_a_stretch_sends_itself_as_the_socket_takes_it(place, monkeypatch, pair, supported):
    ours, theirs = pair
    body = os.urandom(3 << 20)
    stretch = place.create(body=body).stretch(7, len(body) - 10)
    if not supported:

        def unsupported(*_):
            raise OSError(errno.EINVAL, "no")

        monkeypatch.setattr(os, "sendfile", unsupported)
    received = bytearray()
    waited = 0
    while stretch:
        try:
            stretch.send_to(ours)
        except BlockingIOError:
            waited += 1
            received += theirs.recv(1 << 20)
    ours.close()
    while data := theirs.recv(1 << 20):
        received += data

    assert waited > 0
    assert body[7:-3] == received


def test_a_stretch_of_a_file_that_was_cut_ends_with_an_error(place, pair):
    file = place.create()
    os.truncate(file.path, 0)
    with pytest.raises(OSError, match="cut"):
        file.stretch(0, 4).send_to(pair[0])


def test_a_stretch_holds_its_file(place, pair):
    stretch = place.create().stretch(0, 4)
    gc.collect()
    stretch.send_to(pair[0])

    assert b"body" == pair[1].recv(10)
