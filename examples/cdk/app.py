"""Preheat's layer, and a function that it is attached to, as a CDK app."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda, aws_secretsmanager, aws_ssm

HERE = Path(__file__).resolve().parent
RUNTIMES = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")


class PreheatExample(cdk.Stack):
    """The layer, a secret, a parameter, and a function that reads them."""

    def __init__(self, scope: cdk.App, name: str) -> None:
        super().__init__(scope, name)
        layer = aws_lambda.LayerVersion(
            self,
            "Preheat",
            code=aws_lambda.Code.from_asset(str(HERE.parents[1] / "dist" / "layer.zip")),
            description="Prefetches secrets, parameters and S3 lookup data during INIT",
            license="Apache-2.0",
            compatible_runtimes=[aws_lambda.Runtime(name, aws_lambda.RuntimeFamily.PYTHON) for name in RUNTIMES],
            compatible_architectures=[aws_lambda.Architecture.ARM_64, aws_lambda.Architecture.X86_64],
        )
        secret = aws_secretsmanager.Secret(
            self,
            "Secret",
            generate_secret_string=aws_secretsmanager.SecretStringGenerator(
                secret_string_template='{"username": "example"}', generate_string_key="password"
            ),
        )
        flag = aws_ssm.StringParameter(self, "Flag", string_value="on")
        function = aws_lambda.Function(
            self,
            "Function",
            code=aws_lambda.Code.from_asset(str(HERE.parent / "function")),
            handler="handler.handler",
            runtime=aws_lambda.Runtime("python3.13", aws_lambda.RuntimeFamily.PYTHON),
            architecture=aws_lambda.Architecture.ARM_64,
            memory_size=512,
            layers=[layer],
            environment={
                "PREHEAT_SECRETS": f"{secret.secret_arn}?required=true",
                "PREHEAT_PARAMETERS": f"{flag.parameter_name}?ttl=60s",
                "SECRET": secret.secret_arn,
                "FLAG": flag.parameter_name,
            },
        )
        secret.grant_read(function)
        flag.grant_read(function)


app = cdk.App()
PreheatExample(app, "PreheatExample")
app.synth()
