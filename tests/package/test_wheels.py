"""Fetching a wheel by its hash and taking files out of it, with no package index: pip is told to use a folder."""

from __future__ import annotations

import base64
import hashlib
import zipfile

import pytest

from layer import wheels

CONTENT = b"VALUE = 1\n"
METADATA = b"Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def recorded(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(content)}"


@pytest.fixture
def make_wheel(tmp_path):
    """Write a small valid wheel; ``packed`` is what really lies in it, ``record`` replaces the line for its module."""

    def make(packed=CONTENT, record=None):
        path = tmp_path / "index" / "sample-1.0-py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        lines = [record or f"sample.py,{recorded(CONTENT)}"]
        lines += [
            f"sample-1.0.dist-info/METADATA,{recorded(METADATA)}",
            f"sample-1.0.dist-info/WHEEL,{recorded(WHEEL)}",
        ]
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("sample.py", packed)
            archive.writestr("sample-1.0.dist-info/METADATA", METADATA)
            archive.writestr("sample-1.0.dist-info/WHEEL", WHEEL)
            archive.writestr("sample-1.0.dist-info/RECORD", "\n".join([*lines, "sample-1.0.dist-info/RECORD,,"]))
        return path

    return make


@pytest.fixture
def requirements(tmp_path, monkeypatch):
    """Pin ``sample`` by the given hash, with the wheel's folder as pip's only source."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))

    def pin(digest):
        path = tmp_path / "requirements.txt"
        path.write_text(f"sample==1.0 \\\n    --hash=sha256:{digest}\n")
        return path

    return pin


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_a_wheel_is_fetched_once_and_then_taken_from_the_cache(make_wheel, requirements, cache):
    source = make_wheel()
    content = source.read_bytes()
    pinned = requirements(hashlib.sha256(content).hexdigest())
    fetched = wheels.fetch(pinned, cache)
    assert (cache, content) == (fetched.parent, fetched.read_bytes())
    source.unlink()
    assert fetched == wheels.fetch(pinned, cache)
    assert [fetched] == list(cache.iterdir())


def test_a_wheel_with_another_hash_is_refused(make_wheel, requirements, cache, capfd):
    make_wheel()
    with pytest.raises(wheels.WheelError, match=r"what requirements\.txt names"):
        wheels.fetch(requirements("0" * 64), cache)
    assert [] == list(cache.iterdir())
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in capfd.readouterr().err


def test_a_wheel_that_changed_in_the_cache_is_not_used(make_wheel, requirements, cache):
    pinned = requirements(hashlib.sha256(make_wheel().read_bytes()).hexdigest())
    fetched = wheels.fetch(pinned, cache)
    whole = fetched.read_bytes()
    fetched.write_bytes(whole + b"!")
    assert whole == wheels.fetch(pinned, cache).read_bytes()


def test_named_files_are_read(make_wheel):
    assert {"sample.py": CONTENT} == wheels.read(make_wheel(), ["sample.py"])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"packed": b"VALUE = 2\n"}, "is not what the wheel's RECORD says"),
        ({"record": f"sample.py,{recorded(CONTENT)}0"}, "is not what the wheel's RECORD says"),
        ({"record": "other.py,,"}, "is not what the wheel's RECORD says"),
        ({"record": "sample.py,,"}, "is not what the wheel's RECORD says"),
    ],
    ids=["other content", "other size", "not recorded", "recorded without a hash"],
)
def test_a_file_that_is_not_as_recorded_is_refused(make_wheel, options, problem):
    with pytest.raises(wheels.WheelError, match=problem):
        wheels.read(make_wheel(**options), ["sample.py"])


def test_a_file_that_is_not_there_is_refused_by_name(make_wheel):
    with pytest.raises(wheels.WheelError, match=r"has no missing\.py"):
        wheels.read(make_wheel(), ["missing.py"])
