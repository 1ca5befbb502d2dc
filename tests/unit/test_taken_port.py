"""What is said where the port is taken: by whom, if that can be told."""

import pytest

from extension import app
from extension.boot import Boot
from extension.settings import Settings
from tests.unit.doubles import double


class Log:
    def error(self, event, problem):
        self.told = event, problem


@pytest.fixture
def aws_extension(tmp_path, monkeypatch):
    """The place of AWS's extension, where nothing is yet."""
    path = tmp_path / "AWSParametersAndSecretsLambdaExtension"
    monkeypatch.setattr(app, "AWS_EXTENSION", str(path))
    return path


def told(name):
    boot, log = Boot(name, ""), Log()
    boot.bind_error = OSError("Address already in use")
    app._report_taken_port(boot, Settings(port=2773), double(log))
    event, problem = log.told
    assert "boot.port_taken" == event
    assert problem.startswith("port 2773 can't be bound (Address already in use)")
    return problem


def test_aws_s_extension_is_named_where_its_file_is(aws_extension):
    assert "remove that layer" not in told("preheat")
    aws_extension.touch()

    assert f"{aws_extension} uses it: remove that layer, or set PREHEAT_PORT" in told("preheat")


def test_under_its_file_name_the_launcher_does_not_accuse_itself(aws_extension):
    aws_extension.touch()

    assert "remove that layer" not in told(aws_extension.name)
