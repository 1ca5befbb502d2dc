"""Which certificates are believed: a bundle alone; the Amazon roots for AWS's hosts; else the system's store."""

import _ssl
import itertools
import threading

import pytest

from extension.aws import trust as trust_module
from extension.aws.connection import Cancel, ConnectionFailed
from extension.aws.endpoints import Endpoint
from extension.aws.pool import Pool
from extension.aws.trust import Trust
from extension.clock import Clock
from tests.fakes.aws import FakeAws

LIMIT = 10.0


@pytest.fixture(scope="module")
def aws():
    with FakeAws() as server:
        yield server


@pytest.fixture
def system_store(aws, monkeypatch):
    """The system's store holds the stand-in's root, as it does where a company's proxy opens TLS."""
    monkeypatch.setattr(trust_module, "_SYSTEM_STORES", ("/no/such/file", str(aws.ca_bundle)))


def roots():
    """The five roots of Amazon, by their path."""
    return trust_module.__file__.rpartition("/")[0] + "/amazon_roots.pem"


def endpoint(aws, *, custom=False):
    return Endpoint("https", "localhost", aws.port, custom=custom)


def acquire(pool, where):
    return pool.acquire(where, where.host, 5.0, Cancel())


def test_a_host_of_aws_is_believed_by_the_system_where_the_amazon_roots_do_not_know_it(aws, system_store):
    pool = Pool(Trust(None, roots()), Clock())

    acquire(pool, endpoint(aws)).close()


def test_once_the_roots_have_failed_the_system_is_asked_first(aws, system_store):
    pool = Pool(Trust(None, roots()), Clock())
    acquire(pool, endpoint(aws)).close()
    opened = aws.connections_opened

    acquire(pool, endpoint(aws)).close()

    assert opened + 1 == aws.connections_opened


def test_connections_that_fail_at_the_same_time_all_fall_back(aws, system_store):
    """The prefetch opens several at once: each of them meets the proxy's certificate before the first has learnt."""
    together, asked = threading.Barrier(4), itertools.count()

    class Meeting(Trust):
        def context(self, custom_endpoint):
            context = super().context(custom_endpoint)
            if next(asked) < 4:
                together.wait(LIMIT)
            return context

    pool = Pool(Meeting(None, roots()), Clock())
    results = []

    def connect():
        try:
            acquire(pool, endpoint(aws)).close()
            results.append("believed")
        except ConnectionFailed as failed:
            results.append(str(failed))

    threads = [threading.Thread(target=connect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)

    assert ["believed"] * 4 == results


def test_where_the_system_does_not_know_it_either_it_is_not_believed(aws):
    trust = Trust(None, roots())
    pool = Pool(trust, Clock())

    for _ in range(2):
        with pytest.raises(ConnectionFailed) as caught:
            acquire(pool, endpoint(aws))
        assert caught.value.untrusted


def test_a_custom_endpoint_is_never_believed_by_the_amazon_roots_and_never_makes_them_fail(aws, system_store):
    trust = Trust(None, roots())
    pool = Pool(trust, Clock())

    acquire(pool, endpoint(aws, custom=True)).close()

    assert trust.context(True) is not trust.context(False)
    assert 5 == len(trust.context(False).get_ca_certs(True))


def test_a_custom_endpoint_that_is_not_believed_leaves_the_amazon_roots_in_force(aws):
    trust = Trust(None, roots())
    with pytest.raises(ConnectionFailed):
        acquire(Pool(trust, Clock()), endpoint(aws, custom=True))

    assert 5 == len(trust.context(False).get_ca_certs(True))


@pytest.mark.parametrize("custom", [False, True])
def test_a_bundle_is_the_only_thing_that_is_believed(aws, system_store, custom, tmp_path):
    other = tmp_path / "other.pem"
    with open(roots(), "rb") as file:
        other.write_bytes(file.read())
    pool = Pool(Trust(str(other), roots()), Clock())

    with pytest.raises(ConnectionFailed) as caught:
        acquire(pool, endpoint(aws, custom=custom))

    assert caught.value.untrusted
    acquire(Pool(Trust(str(aws.ca_bundle), roots()), Clock()), endpoint(aws, custom=custom)).close()


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_bundle_that_can_not_be_loaded_is_named(aws, content, tmp_path):
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)

    with pytest.raises(ConnectionFailed, match=r"AWS_CA_BUNDLE .*bundle\.pem") as caught:
        acquire(Pool(Trust(str(bundle), roots()), Clock()), endpoint(aws))

    assert caught.value.untrusted


def test_a_context_is_made_once_verifies_and_speaks_nothing_older_than_tls_1_2():
    trust = Trust(None, roots())
    context = trust.context(False)

    assert context is trust.context(False)
    assert (_ssl.CERT_REQUIRED, True) == (context.verify_mode, context.check_hostname)
    assert context.minimum_version >= _ssl.PROTO_TLSv1_2
