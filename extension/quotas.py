"""AWS's limits and quotas that decide how many calls a fetch takes.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html: GetSecretValue 10,000 a second and
Region, BatchGetSecretValue 100. https://docs.aws.amazon.com/general/latest/gr/ssm.html: GetParameter, GetParameters
and GetParametersByPath share 40 a second by default. So for parameters batching is the win, and for a few secrets it
is not.
"""

from __future__ import annotations

SECRETS_SINGLES = 8  # secrets up to which ``PREHEAT_SECRETS_BATCH=auto`` makes single calls
SECRETS_IN_BATCH = 20  # ids that BatchGetSecretValue takes
PARAMETERS_IN_BATCH = 10  # names that GetParameters takes, and parameters on a page of GetParametersByPath
