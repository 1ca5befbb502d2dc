"""The build program: what it says, and when it refuses to write a layer."""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
import zipfile

import pytest

from layer import archive, bytecode, contents, deflate, interpreters, wheels
from layer.build import MAX_SIZE
from tests.package.conftest import PYTHONS, ROOT, build, copy


@pytest.fixture
def own_checkout(checkout, tmp_path):
    """A checkout that the test may change."""
    return copy(checkout, tmp_path / "own")


def refused(done, output):
    """Assert that the build failed in one line and wrote nothing; return the line."""
    assert 1 == done.returncode
    assert "" == done.stdout
    assert re.fullmatch(r"ERROR: [^\n]+\n", done.stderr)
    assert not output.exists()
    return done.stderr


def test_it_tells_the_size_the_hash_and_the_interpreters_by_their_full_versions(built, layer_zip):
    content = layer_zip.read_bytes()
    first, *_, last = built.stdout.splitlines()
    with zipfile.ZipFile(layer_zip) as opened:
        assert f"{layer_zip}: {len(opened.namelist())} files, {len(content):,} bytes" == first
    assert f"sha256 {hashlib.sha256(content).hexdigest()}" == last
    (told,) = re.findall(r"^  bytecode for CPython (.*)", built.stdout, re.MULTILINE)
    assert ", ".join(map(str, PYTHONS)) == told


@pytest.fixture(scope="module")
def dated(checkout, tmp_path_factory):
    """A build with one CPython and SOURCE_DATE_EPOCH, far from UTC: what it said, and the zip."""
    output = tmp_path_factory.mktemp("dated") / "layer.zip"
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1700000000", "TZ": "America/New_York"}
    return build(checkout, "--output", output, "--pythons", PYTHONS[0].path, env=environment), output


def test_it_warns_of_every_version_that_it_has_no_bytecode_for(dated):
    missing = [minor for minor in interpreters.MINORS if minor != PYTHONS[0].minor]
    told = re.findall(r"^WARNING: no CPython 3\.(\d+) here", dated[0].stderr, re.MULTILINE)
    assert [str(minor) for minor in missing] == told


def test_a_given_date_is_the_date_of_every_entry(dated):
    with zipfile.ZipFile(dated[1]) as opened:
        assert {(2023, 11, 14, 22, 13, 20)} == {entry.date_time for entry in opened.infolist()}


def test_a_date_before_the_formats_first_is_that_first_one():
    assert archive.write({"a": b""}, frozenset(), 0) == archive.write({"a": b""}, frozenset())


def test_what_zopfli_compresses_every_unzip_reads():
    content = {"a": b"", "b": b"word " * 1000, "c": os.urandom(3000)}
    compress = deflate.load(ROOT / "requirements" / "build.txt", ROOT / ".cache" / "layer")
    written = archive.write(content, frozenset({"b"}), deflate=compress)
    assert len(written) <= len(archive.write(content, frozenset({"b"})))
    with zipfile.ZipFile(io.BytesIO(written)) as opened:
        assert opened.testzip() is None
        assert content == {name: opened.read(name) for name in opened.namelist()}


def test_a_compressor_of_another_machine_is_refused_by_name(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels, "fetch", lambda requirements, cache: tmp_path / "zopfli-1-other.whl")
    monkeypatch.setattr(wheels, "read", lambda wheel, names: dict.fromkeys(names, b"no library"))
    with pytest.raises(wheels.WheelError, match=r"zopfli-1-other\.whl can't be used on this machine"):
        deflate.load(tmp_path / "build.txt", tmp_path)


def test_the_order_in_which_files_were_found_does_not_show():
    found = {"b/c": b"1", "a": b"2", "b-c": b"3"}
    assert archive.write(found, frozenset()) == archive.write(dict(reversed(found.items())), frozenset())


def test_bytecode_does_not_depend_on_the_hash_seed(python):
    """A set of constants is written in the order of its hashes, which differ from start to start unless told not to."""
    text = f"def known(x): return x in {{{', '.join(repr(str(number)) for number in range(20))}}}"
    library, sidecar = {"__init__.py": text.encode()}, {"sample.py": text}
    assert bytecode.compile_all(python, library, sidecar) == bytecode.compile_all(python, library, sidecar)


def test_a_date_that_is_no_number_is_refused(checkout, tmp_path):
    output = tmp_path / "layer.zip"
    done = build(checkout, "--output", output, check=False, env=os.environ | {"SOURCE_DATE_EPOCH": "today"})
    assert "SOURCE_DATE_EPOCH" in refused(done, output)


def test_without_any_interpreter_for_bytecode_there_is_no_layer(checkout, tmp_path):
    """``--pythons`` names what does not run and what is no CPython of the wanted versions."""
    output = tmp_path / "layer.zip"
    done = build(checkout, "--output", output, "--pythons", tmp_path / "missing", "/bin/sh", check=False)
    assert "no CPython" in refused(done, output)


def test_a_layer_over_the_limit_is_refused_and_the_last_one_stays(own_checkout):
    output = own_checkout / "dist" / "layer.zip"
    output.parent.mkdir()
    output.write_bytes(b"the last one")
    (own_checkout / "extension" / "big.pem").write_bytes(os.urandom(MAX_SIZE))
    done = build(own_checkout, "--pythons", sys.executable, check=False)
    assert (1, f"{MAX_SIZE:,}") == (done.returncode, done.stderr.split()[-1])
    assert [("layer.zip", b"the last one")] == [(path.name, path.read_bytes()) for path in output.parent.iterdir()]


@pytest.mark.parametrize(
    "place", ["extension/notes.txt", "layer/preheat/start.py.orig", "layer/python/preheat/data.json"]
)
def test_a_file_of_a_kind_that_nobody_named_is_refused(own_checkout, place):
    stray = own_checkout / place
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("left behind")
    output = own_checkout / "dist" / "layer.zip"
    assert str(stray) in refused(build(own_checkout, check=False), output)


def test_caches_and_hidden_files_are_left_out(own_checkout):
    cache = own_checkout / ".cache" / "layer"
    before = contents.gather(own_checkout, cache)
    for name in ("extension/__pycache__/boot.cpython-311.pyc", "extension/.boot.py.swp", "layer/extensions/preheat~"):
        (own_checkout / name).parent.mkdir(exist_ok=True)
        (own_checkout / name).write_text("left behind")
    assert before == contents.gather(own_checkout, cache)


def test_a_source_that_does_not_compile_is_refused(own_checkout):
    (own_checkout / "extension" / "broken.py").write_text("def")
    done = build(own_checkout, "--pythons", sys.executable, check=False)
    assert "extension/broken.py is no Python: SyntaxError" in refused(done, own_checkout / "dist")


def test_of_several_interpreters_of_a_version_the_newest_is_taken_in_any_order(tmp_path):
    """Shims that answer as an interpreter does."""
    places = []
    for version, told in {
        "older": ["cpython", [3, 12, 9], "final", ""],
        "newer": ["cpython", [3, 12, 11], "final", ""],
        "candidate": ["cpython", [3, 12, 99], "candidate", ""],
        "free-threaded": ["cpython", [3, 13, 1], "final", "t"],
        "other": ["pypy", [3, 11, 1], "final", ""],
        "too-old": ["cpython", [3, 9, 20], "final", ""],
        "too-new": ["cpython", [3, 99, 0], "final", ""],
    }.items():
        place = tmp_path / version
        answer = str([*told, str(place)]).replace("'", '"')
        place.write_text(f"#!/bin/sh\necho '{answer}'\n")
        place.chmod(0o755)
        places.append(place)
    newest = [interpreters.Interpreter((3, 12, 11), tmp_path / "newer")]
    assert newest == interpreters.find(places) == interpreters.find(places[::-1])
