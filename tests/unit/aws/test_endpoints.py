"""Endpoints against botocore's rules, for every region and variant that it knows."""

import botocore.utils
import pytest
from botocore.endpoint_provider import RuleSetStandardLibrary

from extension.aws import endpoints
from tests.unit.aws.botocore_oracle import PARTITIONS, REGIONS, VARIANTS, by_botocore, by_us


@pytest.mark.parametrize("service", endpoints.SERVICES)
def test_every_region_and_variant_resolves_as_in_botocore(service):
    compared = 0
    for region in REGIONS:
        for fips, dualstack in VARIANTS:
            theirs = by_botocore(service, region, fips, dualstack)
            ours = by_us(service, region, fips, dualstack)
            label = (service, region, fips, dualstack)
            assert (ours and "https://" + ours.authority()) == (theirs and theirs.url), label
            if ours:
                assert (ours.scheme, ours.port, ours.base_path, ours.custom) == ("https", 443, "", False), label
            compared += 1
    assert compared == 4 * len(REGIONS) > 250


def test_botocore_has_the_odd_cases_that_the_tables_are_for():
    """Were they gone from its data, the comparison above would prove less than it says."""
    hosts = {
        ("s3", "cn-north-1", True, False): None,
        ("s3", "aws-global", False, False): "s3.amazonaws.com",
        ("s3", "aws-global", True, True): "s3-fips.dualstack.us-east-1.amazonaws.com",
        ("sts", "aws-global", False, False): "sts.amazonaws.com",
        ("sts", "us-gov-west-1", True, False): "sts.us-gov-west-1.amazonaws.com",
        ("ssm", "us-gov-west-1", True, True): "ssm-fips.us-gov-west-1.api.aws",
        ("secretsmanager", "eu-west-1", False, True): "secretsmanager.eu-west-1.amazonaws.com",
        ("secretsmanager", "cn-north-1", True, True): "secretsmanager-fips.cn-north-1.api.amazonwebservices.com.cn",
    }
    for case, host in hosts.items():
        theirs = by_botocore(*case)
        assert (theirs and theirs.url) == (host and "https://" + host), case
        assert (by_us(*case) is None) == (host is None), case


def test_what_aws_does_not_have_is_refused_in_words():
    with pytest.raises(ValueError, match=r"^S3 has no FIPS endpoints in the partition aws-cn$"):
        endpoints.resolve("s3", "cn-north-1", fips=True)


def test_an_unknown_service_is_refused():
    with pytest.raises(ValueError, match="no endpoint is known for the service 'kms'"):
        endpoints.resolve("kms", "eu-west-1")


def test_every_region_is_in_the_partition_that_botocore_puts_it_in():
    library = RuleSetStandardLibrary(PARTITIONS)
    found = {region: endpoints.partition_of(region) for region in REGIONS}
    assert found == {region: library.aws_partition(region)["name"] for region in REGIONS}
    assert set(found.values()) == {partition["id"] for partition in PARTITIONS["partitions"]}


@pytest.mark.parametrize("service", ["s3", "sts"])
def test_the_region_to_sign_for_is_botocores(service):
    for region in REGIONS:
        theirs = by_botocore(service, region, False, False).properties.get("authSchemes", [{}])[0]
        assert endpoints.signing_region(region) == theirs.get("signingRegion", region)


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_that_botocore_knows_has_a_valid_name(region):
    botocore.utils.validate_region_name(region)
    assert endpoints.valid_region(region)


@pytest.mark.parametrize(
    "region",
    [
        *(
            "",
            "-",
            "-eu-west-1",
            "eu-west-1-",
            "eu_west_1",
            "eu west 1",
            " eu-west-1",
            "eu-west-1\n",
            "eu-west-1.evil.example",
        ),
        *("eu-west-1/", "eu-west-1#", "eu-west-1@evil", "eu-west-1:80", "eu-west-1?", "eu-west-1\x00", "a" * 64, "123"),
        *("eu-wést-1", "eu-west-\u0661", "EU-WEST-1", "${AWS_REGION}"),
    ],
)
def test_what_is_not_a_host_label_is_no_region(region):
    assert not endpoints.valid_region(region)
    for service in endpoints.SERVICES:
        with pytest.raises(ValueError, match="is not a region"):
            endpoints.resolve(service, region)
        with pytest.raises(ValueError, match="is not a region"):
            endpoints.resolve(service, region, override="http://localhost:4566")
