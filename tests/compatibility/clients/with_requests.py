"""As AWS's documentation reads with requests: the path glued together, the text parsed."""

import json
import os

import requests

PORT = os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]
HEADERS = {"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]}
SECRETS = f"http://localhost:{PORT}/secretsmanager/get"
PARAMETERS = f"http://localhost:{PORT}/systemsmanager/parameters/get/"

answer = requests.get(SECRETS + "?secretId=dummy-string-secret", headers=HEADERS, timeout=10)
print("secret=" + json.loads(answer.text)["SecretString"])

# The parameter's name as it is, not encoded, as AWS's sample of the extension has it.
answer = requests.get(
    PARAMETERS + "?name=/lambda-ext-test-param/dummy-secure-string&withDecryption=true", headers=HEADERS, timeout=10
)
print("parameter=" + json.loads(answer.text)["Parameter"]["Value"])

with requests.Session() as session:  # and over one connection, encoded
    session.headers.update(HEADERS)
    for _ in range(3):
        answer = session.get(
            SECRETS, params={"secretId": "dummy-binary-secret", "versionStage": "AWSCURRENT"}, timeout=10
        )
    print("binary=" + answer.json()["SecretBinary"])
    answer = session.get(SECRETS, params={"secretId": "nope"}, timeout=10)
    print(f"missing={answer.status_code} {answer.text}")

answer = requests.get(SECRETS + "?secretId=dummy-string-secret", timeout=10)
print(f"refused={answer.status_code} {answer.text}")
