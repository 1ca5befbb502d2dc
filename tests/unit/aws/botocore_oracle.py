"""botocore as oracle for endpoints: its data, its rules, and clients of it that send nothing."""

import functools
import itertools
import json
import os
import pathlib
import urllib.parse

import botocore
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointResolutionError
from botocore.loaders import Loader

from extension.aws import endpoints

DATA = pathlib.Path(botocore.__file__).parent / "data"
LOADER = Loader(extra_search_paths=[str(DATA)], include_default_search_paths=False)
PARTITIONS = json.loads((DATA / "partitions.json").read_text(encoding="utf-8"))
VARIANTS = list(itertools.product((False, True), repeat=2))

# Of known and unknown prefixes; some only look like a region.
MADE_UP = ["eu-north-99", "mx-desert-1", "cn-south-7", "us-gov-central-3", "us-iso-north-1", "us-isob-north-1", "moon"]
MADE_UP += ["us-isof-west-1", "eu-isoe-east-1", "eu-isoe-1", "eusc-de-west-2", "eusc-fr-west-1", "xx-made-1", "cn-1-1"]
MADE_UP += ["us-gov", "us-gov-1", "us-gov--1", "us-gov-west-x", "us-east-1a", "cn-north-1x", "1-1-1", "aws-eusc-global"]
MADE_UP += ["fips-us-east-1", "us-gov-west-1-fips", "aws-cn-global-x-1"]


def every_region():
    """All that botocore lists anywhere: of partitions, and the pseudo regions of single services; and invented ones."""
    regions = {region for partition in PARTITIONS["partitions"] for region in partition["regions"]}
    for partition in json.loads((DATA / "endpoints.json").read_text(encoding="utf-8"))["partitions"]:
        regions.update(partition["regions"])
        for service in endpoints.SERVICES:
            regions.update(partition["services"].get(service, {}).get("endpoints", {}))
    return sorted(regions | set(MADE_UP))


REGIONS = every_region()


@functools.cache
def rules(service):
    return EndpointProvider(LOADER.load_service_model(service, "endpoint-rule-set-1"), PARTITIONS)


def by_botocore(service, region, fips, dualstack, **more):
    """What botocore's rule set answers, or None where it refuses."""
    try:
        return rules(service).resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack, **more)
    except EndpointResolutionError:
        return None


def by_us(service, region, fips, dualstack):
    try:
        return endpoints.resolve(service, region, fips=fips, dualstack=dualstack)
    except ValueError:
        return None


class Client:
    """A botocore client that sends nothing; ``url`` is where it would have sent its last request.

    It is made without any file or variable of whoever runs the tests.
    """

    def __init__(self, service, region, endpoint_url=None, **settings):
        with pytest.MonkeyPatch.context() as environment:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                environment.delenv(name)
            for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
                environment.setenv(name, os.devnull)
            self.botocore = botocore.session.Session().create_client(
                service,
                region,
                endpoint_url=endpoint_url,
                aws_access_key_id="AKIDEXAMPLE",
                aws_secret_access_key="secret",
                config=Config(**settings),
            )
        self.botocore.meta.events.register("before-send", self._answer)

    def _answer(self, request, **_):
        self.url = request.url

        class Empty:
            def stream(self, **_):
                return iter([])

        return AWSResponse(request.url, 200, {}, Empty())

    def location(self):
        """Host header and path."""
        parts = urllib.parse.urlsplit(self.url)
        return parts.netloc, parts.path
