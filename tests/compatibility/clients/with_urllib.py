"""As most small functions read: urllib.request, the name quoted, an error an exception."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

PORT = os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]


def read(path: str, query: dict[str, str], token: str = os.environ["AWS_SESSION_TOKEN"]):
    url = f"http://localhost:{PORT}{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url)
    request.add_header("X-Aws-Parameters-Secrets-Token", token)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def refusal(path: str, query: dict[str, str], **options: str) -> str:
    try:
        read(path, query, **options)
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"
    return "none"


SECRETS, PARAMETERS = "/secretsmanager/get", "/systemsmanager/parameters/get"
print("secret=" + read(SECRETS, {"secretId": "dummy-string-secret"})["SecretString"])
secure = {"name": "/lambda-ext-test-param/dummy-secure-string", "withDecryption": "true"}
print("parameter=" + read(PARAMETERS, secure)["Parameter"]["Value"])
print("binary=" + read(SECRETS, {"secretId": "dummy-binary-secret"})["SecretBinary"])
print("missing=" + refusal(SECRETS, {"secretId": "nope"}))
print("refused=" + refusal(SECRETS, {"secretId": "dummy-string-secret"}, token="wrong"))
