"""What the contestants read, and how one that fails is spoken of."""

import pytest

from benchmarks import workload
from benchmarks.contestants import BY_KEY
from benchmarks.stage import brief
from benchmarks.workload import Workload


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, (1, 0, 0)), (3, (1, 1, 1)), (20, (9, 9, 2)), (100, (45, 45, 10)), (1000, (450, 450, 100))],
)
def test_a_tenth_are_objects_the_rest_half_secrets_half_parameters(count, expected):
    load = Workload(count)
    assert expected == (len(load.secrets), len(load.parameters), len(load.objects))


def test_secrets_alone():
    assert (20, [], []) == ((load := Workload(20, secrets_only=True)).count, load.parameters, load.objects)


@pytest.mark.parametrize("load", [Workload(workload.MOST), Workload(workload.MOST, secrets_only=True)])
def test_the_stand_in_has_all_of_it(load):
    data = workload.data()
    assert set(load.secrets) <= set(data["secrets"])
    assert set(load.parameters) <= set(data["parameters"])
    assert {url.removeprefix("s3://") for url in load.objects} <= set(data["objects"])


@pytest.mark.parametrize("size", workload.SIZES)
def test_a_value_has_its_size_and_is_a_secret_only_where_it_may_be(size):
    name, data = workload.name_of(size), workload.data()
    held = data["objects" if name.startswith("s3://") else "secrets"][name.removeprefix("s3://")]
    assert size == len(held)
    assert name.startswith("s3://") or size < workload.MOST_OF_A_SECRET


def test_who_has_no_extension_is_told_no_list_of_it():
    aws = {"AWS_CA_BUNDLE": "ca.pem"}
    assert "PREHEAT_SECRETS" not in BY_KEY["c"].environ(Workload(3), aws)
    assert "prod/service-0" == BY_KEY["b"].environ(Workload(3), aws)["PREHEAT_SECRETS"]
    assert "ca.pem" == BY_KEY["g, secrets"].environ(Workload(3), aws)["SSL_CERT_FILE"]


def test_a_failure_in_a_line_has_no_token_and_no_path_in_it():
    error = RuntimeError("['/usr/local/bin/python', '" + "aB3+/" * 30 + "'] ended with 1\nTraceback")
    assert "RuntimeError: ['…', '…'] ended with 1" == brief(error)
