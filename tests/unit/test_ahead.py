"""Which connections are opened before anybody has a call for them."""

import pytest

from extension import ahead
from extension.aws.directory import Directory
from extension.references import parse_list
from extension.settings import Settings
from tests.unit.doubles import double

ROLE = "role=arn:aws:iam::123456789012:role/reader"


class Pool:
    """Notes where it is to connect to."""

    def __init__(self):
        self.announced, self.warmed = [], []

    def announce(self, endpoint, host):
        self.announced.append(host.partition(".amazonaws.com")[0])

    def warm(self, endpoint, host, limit, cancel):
        self.warmed.append(limit)

    def open_ahead(self, host, work):  # the fetcher's
        work()


def opened(secrets="", parameters="", s3="", **settings):
    lists = {"secretsmanager": secrets, "ssm": parameters, "s3": s3}
    entries = [entry for service, text in lists.items() for entry in parse_list(service, text, service)]
    made = Settings(region="eu-west-1", entries=tuple(entries), **settings)
    pool = Pool()
    ahead.connect(made, Directory(made), double(pool), double(pool))
    assert len(pool.announced) == len(pool.warmed)
    return {host: pool.announced.count(host) for host in pool.announced}


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({}, {}),
        ({"secrets": "a,b"}, {"secretsmanager.eu-west-1": 2}),
        ({"secrets": ",".join("abcdefghi")}, {"secretsmanager.eu-west-1": 1}),  # one batch
        ({"secrets": "a,b,c,d,e,f"}, {"secretsmanager.eu-west-1": 4}),  # the most to one host
        ({"parameters": "a,b", "s3": "s3://bucket/key"}, {"ssm.eu-west-1": 1, "bucket.s3.eu-west-1": 1}),
        ({"secrets": "a?region=eu-west-2"}, {"secretsmanager.eu-west-2": 1}),
        ({"secrets": f"a?{ROLE},b?{ROLE}"}, {"secretsmanager.eu-west-1": 2, "sts.eu-west-1": 1}),
        (
            {"parameters": f"a?{ROLE},b?{ROLE}2&region=eu-west-2"},
            {"ssm.eu-west-1": 1, "ssm.eu-west-2": 1, "sts.eu-west-1": 2},
        ),
    ],
)
def test_as_many_as_the_prefetch_will_have_calls(lists, expected):
    assert expected == opened(**lists)


def test_none_for_what_is_fetched_after_a_restore():
    assert {"ssm.eu-west-1": 1} == opened(f"a?{ROLE}", "b", initialization_type="snap-start")
