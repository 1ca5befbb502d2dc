"""Which names, ARNs and selectors AWS allows. Pure.

For secrets https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html, for parameters
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, for buckets and keys
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and .../object-keys.html

What is refused is refused with a ``ValueError`` whose text repeats nothing of the input: it may go into a log line, an
answer or an ``init/error``.
"""

from __future__ import annotations

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
WORD = _LOWER + _LOWER.upper() + _DIGITS
_LABEL = _LOWER + _DIGITS + "-"  # of DNS
_SECRET = WORD + "/_+=.@-!"  # nobody can give a name with "!", but a service does: rds!cluster-…
_PARAMETER = WORD + "_.-/"
_PARAMETER_LABEL = WORD + "_.-"
_ROLE = WORD + "_+=,.@/-"
_VISIBLE = "".join([chr(code) for code in range(0x21, 0x7F)])

_ARN_LENGTH = 2048  # the services' own limit for an identifier
_SECRET_LENGTH = 512
SUFFIX_LENGTH = 7  # the hyphen and six random characters at the end of a secret's full ARN
_PARAMETER_LENGTH = 1011  # 2048 less what Systems Manager keeps for the rest of the ARN
_PARAMETER_LEVELS = 15
_KEY_LENGTH = 1024  # bytes of UTF-8

# https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html: a secret through SSM,
# so the rest of the name is a secret's, and its selector a version's id or a stage.
SECRETS_PATH = "/aws/reference/secretsmanager/"


# All that follows rests on str.strip(allowed): what is left over begins and ends with a character that is not allowed,
# and nothing is left over exactly where all characters are. It runs at C speed and needs no `re`.


def check_secret(name: str, *, suffix: bool = False) -> None:
    """A secret's name; with ``suffix`` as in an ARN, where random characters may follow it."""
    if not 1 <= len(name) <= _SECRET_LENGTH + suffix * SUFFIX_LENGTH or name.strip(_SECRET):
        raise ValueError(f"must be the name or the ARN of a secret: 1 to {_SECRET_LENGTH} letters, digits and /_+=.@-!")


def check_visible(text: str, longest: int, what: str) -> None:
    """A stage or an id that AWS makes or takes as it comes; "" is none."""
    if len(text) > longest or text.strip(_VISIBLE):
        raise ValueError(f"{what} has 1 to {longest} visible ASCII characters")


def check_parameter(name: str) -> None:
    """A parameter's name: ``name``, or ``/level/level/name`` of at most 15 levels."""
    allowed = _SECRET if name.startswith(SECRETS_PATH) else _PARAMETER
    if not 1 <= len(name) <= _PARAMETER_LENGTH or name.strip(allowed):
        raise ValueError(
            f"must be the name or the ARN of a parameter: 1 to {_PARAMETER_LENGTH} letters, digits and _.-/"
        )
    if "/" in name and (name[0] != "/" or name[-1] == "/" or "//" in name):
        raise ValueError("must be written /level/level/name where a parameter's name has levels")
    if name.count("/") > _PARAMETER_LEVELS:
        raise ValueError(f"must have at most {_PARAMETER_LEVELS} levels")


def check_parameter_version(version: str) -> None:
    """A version's number; SSM counts from 1, in 64 bits."""
    if not 1 <= len(version) <= 19 or version.strip(_DIGITS) or version[0] == "0":
        raise ValueError("the version of a parameter is a whole number from 1")


def check_parameter_label(label: str) -> None:
    """A label; it never begins with a digit, so no selector can be mistaken for the other kind."""
    if not 1 <= len(label) <= 100 or label.strip(_PARAMETER_LABEL) or label[0] in _DIGITS:
        raise ValueError("a label of a parameter has 1 to 100 letters, digits and _.- and begins with no digit")


def check_bucket(bucket: str) -> None:
    """A bucket's name, which is one or more DNS labels; an access point's alias has the same form."""
    labels = bucket[:64].split(".")
    good = 3 <= len(bucket) <= 63 and all(part and not part.strip(_LABEL) for part in labels)
    address = len(labels) == 4 and not "".join(labels).strip(_DIGITS)
    if not good or address or bucket[0] == "-" or bucket[-1] == "-":
        raise ValueError(
            "must be s3://BUCKET/KEY with a bucket of 3 to 63 lower-case letters, digits, hyphens and dots"
            " that is no IP address"
        )


def check_key(key: str) -> None:
    """A key or its beginning; ``..``, ``//`` and a leading slash are part of it."""
    if len(key) > _KEY_LENGTH or not is_text(key) or len(key.encode()) > _KEY_LENGTH:
        raise ValueError(f"must have a key of at most {_KEY_LENGTH} bytes of UTF-8 without control characters")


def is_text(text: str) -> bool:
    """Whether it has a UTF-8 form (no lone surrogate, so none of a byte that was no UTF-8) and no control character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return min(text, default=" ") >= " " and "\x7f" not in text


def check_region(region: str) -> None:
    """A region's name; "" is none."""
    if region and not is_region(region):
        raise ValueError("must have lower-case letters, digits and hyphens in a region, as in eu-west-1")


def check_role(role: str) -> None:
    """A role's ARN; "" is none."""
    if not role:
        return
    parts = role.split(":", 5) if len(role) <= _ARN_LENGTH else []
    good = len(parts) == 6 and parts[0] == "arn" and _is_partition(parts[1]) and parts[2] == "iam" and not parts[3]
    if good and _is_account(parts[4]) and parts[5].startswith("role/"):
        path = parts[5][len("role/") :]
        if path and path[-1] != "/" and not path.strip(_ROLE):
            return
    raise ValueError("a role is written arn:PARTITION:iam::ACCOUNT:role/NAME")


def split_arn(arn: str, service: str, form: str) -> tuple[str, str, str, str]:
    """Partition, region, account ("" in the ARN of a public parameter) and the rest of an ARN of ``service``.

    ``form`` is how the rest is written, "secret:NAME" or "parameter/NAME"; what stands before NAME is left out of it.
    """
    before = form[: -len("NAME")]
    parts = arn.split(":", 5) if len(arn) <= _ARN_LENGTH else []
    if len(parts) == 6 and parts[0] == "arn" and parts[2] == service and parts[5].startswith(before):
        partition, region, account = parts[1], parts[3], parts[4]
        no_account = service == "ssm" and not account
        if _is_partition(partition) and is_region(region) and (no_account or _is_account(account)):
            return partition, region, account, parts[5][len(before) :]
    raise ValueError(f"must be arn:PARTITION:{service}:REGION:ACCOUNT:{form} where it is an ARN")


def _is_partition(text: str) -> bool:
    return text == "aws" or (text.startswith("aws-") and len(text) <= 63 and not text.strip(_LABEL) and text[-1] != "-")


def is_region(text: str) -> bool:
    """One DNS label (RFC 1123) in lower case, not all digits: it goes into a host name and into a signature's scope."""
    if not 1 <= len(text) <= 63 or text.strip(_LABEL) or not text.strip(_DIGITS):
        return False
    return text[0] != "-" and text[-1] != "-"


def _is_account(text: str) -> bool:
    return len(text) == 12 and not text.strip(_DIGITS)
