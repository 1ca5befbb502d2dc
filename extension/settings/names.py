"""Which settings there are: Preheat's own variables, those of AWS's extension, those of the SDK; and misspelt ones.

Bounds are written as a user writes them; ``values`` reads and checks by them. Contract §2 and §2.1; AWS's names and
bounds from https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "NONE")

# Variable: (how it is read, bounds or choices)
PREHEAT: dict[str, tuple[str, tuple[str | int | None, ...]]] = {
    "PREHEAT_TTL": ("duration", ("0", "7d")),
    "PREHEAT_STALE_IF_ERROR": ("duration", ("0", "7d")),
    "PREHEAT_STALE_WHILE_REVALIDATE": ("duration", ("0", "7d")),
    "PREHEAT_INIT_TIMEOUT": ("duration", ("0", "120s")),
    "PREHEAT_FETCH_TIMEOUT": ("duration", ("100ms", "60s")),
    "PREHEAT_PORT": ("port", (1024, 65535)),
    "PREHEAT_CACHE_ITEMS": ("whole", (1, 100000)),
    "PREHEAT_CACHE_MEMORY": ("size", ("1MB",)),
    "PREHEAT_ALLOW": ("choice", ("any", "listed")),
    "PREHEAT_SECRETS_BATCH": ("choice", ("auto", "always", "never")),
    "PREHEAT_SNAPSTART": ("choice", ("defer", "include")),
    "PREHEAT_COMPAT": ("choice", ("extension", "agent")),
    "PREHEAT_TOKEN": ("text", ()),
    "PREHEAT_LOG_LEVEL": ("level", LOG_LEVELS),
    "PREHEAT_ENABLED": ("boolean", ()),
}
LISTS = (("PREHEAT_SECRETS", "secretsmanager"), ("PREHEAT_PARAMETERS", "ssm"), ("PREHEAT_S3", "s3"))
CONFIG = "PREHEAT_CONFIG"
_CLIENT_LIBRARY = ("PREHEAT_CLIENT_CACHE",)  # read in the function, by `import preheat`
KNOWN = (*PREHEAT, *[variable for variable, _ in LISTS], CONFIG, *_CLIENT_LIBRARY)

AWS: dict[str, tuple[str, tuple[str | int | None, ...]]] = {
    "SECRETS_MANAGER_TTL": ("whole", (0, None)),
    "SSM_PARAMETER_STORE_TTL": ("whole", (0, None)),
    "SECRETS_MANAGER_TIMEOUT_MILLIS": ("whole", (0, None)),
    "SSM_PARAMETER_STORE_TIMEOUT_MILLIS": ("whole", (0, None)),
    "PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED": ("boolean", ()),
    "PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE": ("whole", (0, 1000)),
    "PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS": ("whole", (1, None)),
    "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": ("port", (1, 65535)),
    "PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL": ("level", LOG_LEVELS),
    "AWS_REGION": ("region", ()),
    "AWS_DEFAULT_REGION": ("region", ()),
    "AWS_ENDPOINT_URL": ("url", ()),
    "AWS_ENDPOINT_URL_SECRETS_MANAGER": ("url", ()),
    "AWS_ENDPOINT_URL_SSM": ("url", ()),
    "AWS_ENDPOINT_URL_S3": ("url", ()),
    "AWS_ENDPOINT_URL_STS": ("url", ()),
    "AWS_USE_FIPS_ENDPOINT": ("flag", ()),
    "AWS_USE_DUALSTACK_ENDPOINT": ("flag", ()),
    "AWS_CA_BUNDLE": ("text", ()),
    "HTTPS_PROXY": ("proxy", ()),
    "https_proxy": ("proxy", ()),
    "NO_PROXY": ("text", ()),
    "no_proxy": ("text", ()),
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": ("whole", (1, None)),
}

# Written so by an early CDK and ignored by AWS's extension: https://github.com/aws/aws-cdk/issues/26011
_MISSPELT = "PARAMETERS_AND_SECRETS_EXTENSION_"
_RIGHT = "PARAMETERS_SECRETS_EXTENSION_"
_COMPARED = 40  # characters of a name; longer than any that is known


def misspelt(variables: Iterable[str]) -> list[tuple[str, str]]:
    """The variables that look like a setting and are none, each with the name that was probably meant, in order."""
    found = []
    for variable in sorted(variables):
        if variable.startswith("PREHEAT_") and variable not in KNOWN:
            found.append((variable, nearest(variable, KNOWN)))
        elif variable.startswith(_MISSPELT):
            right = _RIGHT + variable[len(_MISSPELT) :]
            known = [name for name in AWS if name.startswith(_RIGHT)]
            found.append((variable, right if right in known else nearest(right, known)))
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """The one of ``known`` with the smallest edit distance; ``difflib`` would be a heavy import for this."""
    return min(known, key=lambda candidate: _distance(name.upper()[:_COMPARED], candidate))


def _distance(one: str, other: str) -> int:
    """How many characters to insert and delete. Replacing counts as both, so an abbreviation stays near its word.

    Only the last row of the usual table is kept.
    """
    row = list(range(len(other) + 1))
    for done, character in enumerate(one, 1):
        diagonal, row[0] = row[0], done
        for column, wanted in enumerate(other, 1):
            changed = diagonal if character == wanted else 1 + min(row[column], row[column - 1])
            diagonal, row[column] = row[column], changed
    return row[-1]
